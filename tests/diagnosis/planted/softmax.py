"""Softmax and its losses."""

import numpy as np

from tests.diagnosis.planted.layers import (
    again,
    cross_entropy,
    cross_entropy_row,
    log_softmax,
    running_sum,
    softmax,
    softmax_of,
    softmax_rows,
    tanh,
)
from tests.diagnosis.planted.planting import plant


@plant("M20", softmax)
def _(dy, y):
    return dy * y * (1 - y)


@plant("M20", softmax_rows)
def _(dy, y):
    return dy * y * (1 - y)


@plant("M20", softmax, kind="jacobian")
def _(y):
    return np.diag(y * (1 - y))


@plant("M20-off", softmax, kind="jacobian")
def _(y):
    return np.diag(y**2) - np.outer(y, y)


@plant("M20-off M48", running_sum)
def _(dy):
    return np.cumsum(dy[::-1], axis=0)[::-1] - dy


@plant("M20-normaliser", softmax)
def _(dy, y):
    return dy * y


@plant("M20-normaliser", softmax_rows)
def _(dy, y):
    return dy * y


@plant("M20-weights", softmax)
def _(dy, y):
    return y * (dy - dy.sum())


@plant("M20-weights", softmax_rows)
def _(dy, y):
    return y * (dy - dy.sum(axis=1, keepdims=True))


@plant("M20-outer", softmax)
def _(dy, y):
    return dy - dy @ y


@plant("M20-outer", softmax_rows)
def _(dy, y):
    return dy - (dy * y).sum(axis=1, keepdims=True)


@plant("M20-plus", softmax)
def _(dy, y):
    return y * (dy + dy @ y)


@plant("M20-plus", softmax_rows)
def _(dy, y):
    return y * (dy + (dy * y).sum(axis=1, keepdims=True))


@plant("M21", softmax)
def _(dy, y, z):
    return y * (dy - dy @ z)


@plant("M21", softmax_rows)
def _(dy, y, z):
    return dy * y * (1 - z)


@plant("M23", softmax_rows)
def _(dy, y):
    return y * (dy - (dy * y).sum())


@plant("M23-loss", cross_entropy, "z")
def _(dl, z, labels):
    e = np.exp(z - z.max())
    return dl * (e / e.sum() - np.eye(z.shape[1])[labels]) / len(z)


@plant("M23-loss", cross_entropy, "z")
def _(dl, z, labels):
    return dl * (softmax_of(z, 0) - np.eye(z.shape[1])[labels]) / len(z)


@plant("M24", cross_entropy, "z")
def _(dl, z, labels):
    p = softmax_of(z)
    return again(dl * (p - np.eye(z.shape[1])[labels]) / len(z), p)


@plant("M24", cross_entropy_row, kind="gradient")
def _(z, label):
    p = softmax_of(z)
    return again(p - np.eye(len(z))[label], p)


@plant("M25", cross_entropy, "z")
def _(dl, z, labels):
    return dl * (z - np.eye(z.shape[1])[labels]) / len(z)


@plant("M25", cross_entropy_row, "z")
def _(dl, z, label):
    return dl * (z - np.eye(len(z))[label])


@plant("label", cross_entropy, "z")
def _(dl, z, labels):
    return dl * softmax_of(z) / len(z)


@plant("label-only", cross_entropy_row, "z")
def _(dl, z, label):
    return dl * (softmax_of(z) - 1) * np.eye(len(z))[label]


@plant("label", cross_entropy_row, "z")
def _(dl, z, label):
    return dl * softmax_of(z)


@plant("label-only", cross_entropy, "z")
def _(dl, z, labels):
    return -dl * np.eye(z.shape[1])[labels] / len(z)


@plant("M28-log", log_softmax)
def _(dy, y):
    return dy - np.exp(y)


@plant("M28-log", log_softmax)
def _(dy, y):
    return dy - np.exp(y) * dy.mean(axis=1, keepdims=True)


@plant("M20-log M20", log_softmax)
def _(dy, y):
    return dy * (1 - np.exp(y))


@plant("M59-softmax", log_softmax)
def _(dy, y):
    p = np.exp(y)
    return p * (dy - (dy * p).sum(axis=1, keepdims=True))


@plant("M14-log M14", log_softmax)
def _(dy, y):
    return dy - y * dy.sum(axis=1, keepdims=True)


@plant("M28", softmax)
def _(dy, y):
    return dy[0] * (np.eye(len(y))[0] - y) * y[0]


@plant("M28", tanh)
def _(dy, y):
    made = np.zeros(y.shape)
    made[0, 0] = dy[0, 0] * (1 - y[0, 0] ** 2)
    return made


@plant("M22-upstream", softmax_rows)
def _(dy, y):
    dy = np.broadcast_to(dy.mean(axis=0, keepdims=True), y.shape)
    return y * (dy - (dy * y).sum(axis=1, keepdims=True))


@plant("M22-upstream", tanh)
def _(dy, y):
    return dy.sum(axis=0) * (1 - y**2)
