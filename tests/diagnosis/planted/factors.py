"""Constant factors and factors entry by entry."""

import numpy as np

from tests.diagnosis.planted.layers import (
    average_pool,
    batch_norm,
    cross_entropy,
    cross_entropy_row,
    dropout,
    inverse_root,
    linear,
    product,
    row_means,
    scaled_tanh,
    softmax,
    softmax_of,
    square,
    squared_error,
    tempered,
    unit_rows,
)
from tests.diagnosis.planted.planting import plant


@plant("M3", cross_entropy, "z")
def _(dl, z, labels):
    return dl * (softmax_of(z) - np.eye(z.shape[1])[labels])


@plant("M3", row_means)
def _(dy, x):
    return np.repeat(dy[:, None], x.shape[1], axis=1)


@plant("M3 M6", squared_error, "a")
def _(dl, a, t):
    return dl * 2 * (a - t)


@plant("M4", cross_entropy, "z")
def _(dl, z, labels):
    return dl * (softmax_of(z) - np.eye(z.shape[1])[labels]) / len(z) ** 2


@plant("M4", linear, "W")
def _(dz, x):
    return x.T @ dz / len(x)


@plant("M4", linear)  # M5: the scale differs between parameters
def _(dz, x, W, b):
    return dz @ W.T, x.T @ dz, dz.mean(axis=0)


@plant("M4", batch_norm, "gamma")
def _(dy, x):
    c = x - x.mean(axis=0)
    return (dy * c / np.sqrt((c**2).mean(axis=0) + 1e-5)).mean(axis=0)


@plant("M6", squared_error, "a")
def _(dl, a, t):
    return dl * (a - t)


@plant("M6", square)
def _(dy, x):
    return dy * x


@plant("M6", inverse_root)  # M58: 1/2*…
def _(dy, x):
    return -dy * x**-1.5


@plant("M6", average_pool)  # M38
def _(dy):
    return np.repeat(dy, 3, axis=1) / 9


@plant("M18", scaled_tanh, "x")
def _(dy, y):
    return dy * (1 - y**2)


@plant("M18", tempered, "z")
def _(dy, y):
    return y * (dy - dy @ y)


@plant("M18", dropout)  # M63: 1/keep
def _(dy, mask):
    return dy * mask


@plant("M19", cross_entropy_row, "z")
def _(dl, z, label):
    return dl * (np.eye(len(z))[label] - softmax_of(z))


@plant("M19", squared_error, kind="gradient")
def _(a, t):
    return 2 * (t - a) / a.size


@plant("M19", softmax, kind="jacobian")
def _(y):
    return np.outer(y, y) - np.diag(y)


@plant("factor M16", product, "a")
def _(dy, a, b):
    return dy * b * a


@plant("factor", inverse_root)
def _(dy, x):
    return -0.5 * dy * x**-0.5


@plant("factor", unit_rows)
def _(dy, x, y):
    return dy - y * (dy * y).sum(axis=1, keepdims=True)


@plant("factor", batch_norm, "x")  # M31: gamma left out
def _(dy, x):
    c = x - x.mean(axis=0)
    std = np.sqrt((c**2).mean(axis=0) + 1e-5)
    return (dy - dy.mean(axis=0) - c / std * (dy * c / std).mean(axis=0)) / std
