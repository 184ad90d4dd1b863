"""A second layer for what is planted once."""

import numpy as np

from tests.diagnosis.planted.layers import (
    averaged,
    cross_entropy,
    cross_entropy_row,
    cube,
    differences,
    embedding,
    form,
    gathered,
    linear,
    log_of_squares,
    log_softmax_row,
    logsumexp,
    projection,
    quadratic,
    recurrence,
    running_sum,
    scaled_tanh,
    sigmoid_of,
    softmax,
    softmax_of_batches,
    softmax_rows,
    square,
    tanh,
    tanh_of_square,
    weighted_running_sum,
)
from tests.diagnosis.planted.planting import plant


@plant("shape", linear, "W")
def _(dz, x):
    return (x.T @ dz).ravel()


@plant("shape", tanh)
def _(dy, y):
    return (dy * (1 - y**2)).ravel()


@plant("M23", softmax_of_batches)
def _(dy, y):
    return y * (dy - (dy * y).sum())


@plant("M59-log-softmax", softmax)
def _(dy, y):
    return dy - y * dy.sum()


@plant("M59-log-softmax", softmax_rows)
def _(dy, y):
    return dy - y * dy.sum(axis=1, keepdims=True)


@plant("M20-log M20", log_softmax_row)
def _(dy, y):
    return dy * (1 - np.exp(y))


@plant("M59-softmax", log_softmax_row)
def _(dy, y):
    p = np.exp(y)
    return p * (dy - dy @ p)


@plant("M14-log M14", log_softmax_row)
def _(dy, y):
    return dy - y * dy.sum()


@plant("M25-sigmoid", cross_entropy, "z")
def _(dl, z, labels):
    return dl * (sigmoid_of(z) - np.eye(z.shape[1])[labels]) / len(z)


@plant("M25-sigmoid", cross_entropy_row, "z")
def _(dl, z, label):
    return dl * (sigmoid_of(z) - np.eye(len(z))[label])


@plant("M1-axes", cube)
def _(dy, x):
    return np.transpose(3 * x**2 * dy, (2, 0, 1))


@plant("symmetric-sum", quadratic)
def _(dy, A):
    g = dy @ A.T + A.T @ dy
    return g + g.T


@plant("symmetric-sum", form, "A")
def _(dy, x):
    g = dy * np.outer(x, 2 * x + 1)
    return g + g.T


@plant("M64", projection)
def _(dz, x, W):
    dW = x.T @ dz
    return dz @ (W - 0.1 * dW).T, dW


@plant("M1-upstream", tanh_of_square)
def _(dy, y):
    return dy.T * (1 - y**2)


@plant("M1-upstream", quadratic)
def _(dy, A):
    return dy.T @ A.T + A.T @ dy.T


@plant("M19-terms", differences)
def _(dy):
    return np.append(dy, 0) + np.append(0, dy)


@plant("M19-terms region", square)
def _(dy, x):
    return dy * 2 * np.abs(x)


@plant("M51-short", running_sum)
def _(dy):
    return dy + np.append(dy[1:], np.zeros_like(dy[:1]), axis=0)


@plant("M51-short", weighted_running_sum)
def _(dy, x):
    return 2 * x * (dy + np.append(dy[1:], np.zeros_like(dy[:1]), axis=0))


@plant("scale", logsumexp)
def _(dy, x):
    return dy * np.exp(x)


@plant("scale", log_of_squares, kind="gradient")
def _(x):
    return 2 * x


@plant("none", tanh)
def _(dy, y):
    dx = dy * (1 - y**2)
    del dx


@plant("none", softmax, kind="jacobian")
def _(y):
    del y


@plant("M49", embedding)
def _(dy, W, ids):
    return averaged(dy, ids, W.shape)


@plant("M49", gathered)
def _(dy, x, ids):
    return averaged(dy, ids, x.shape)


@plant("M31", scaled_tanh)
def _(dy, x, alpha, y):
    return dy * (alpha - y**2), (dy * x * (1 - y**2)).sum()


@plant("only-one", recurrence, "x")
def _(dy, y):
    dx, carry = np.zeros_like(y), 0
    for t in reversed(range(len(y))):
        carry = (dy[t] + carry) * (1 - y[t] ** 2)
        dx[t] = carry
        carry = 0.4 * carry
    return dx


@plant("M20-diagonal", softmax, kind="column")
def _(y, i):
    return -y * y[i]


@plant("M20-diagonal", softmax_rows)
def _(dy, y):
    return -y * (dy * y).sum(axis=1, keepdims=True)


@plant("M20-index", softmax, kind="column")
def _(y, i):
    return y * (np.eye(len(y))[i] - y)


@plant("M20-index", softmax_rows)
def _(dy, y):
    return y * dy - (dy * y**2).sum(axis=1, keepdims=True)
