"""Parts that are missing."""

import numpy as np

from tests.diagnosis.planted.layers import (
    again,
    bilinear,
    conv,
    embedding,
    form,
    linear,
    max_pool,
    quadratic,
    recurrence,
    residual,
    residual_softmax,
    scaled,
    shifted,
    softmax_of,
    tanh,
    twice_each,
    weighted_running_sum,
)
from tests.diagnosis.planted.planting import plant


@plant("M35", max_pool)
def _(dy, x):
    dx = np.zeros_like(x)
    for i in range(len(dy)):
        dx[i + np.argmax(x[i : i + 3])] = dy[i]
    return dx


@plant("M35 M49 edit-scatter", embedding)
def _(dy, W, ids):
    dW = np.zeros_like(W)
    dW[ids] += dy
    return dW


@plant("M35", twice_each)  # M50
def _(dy):
    return dy[::2]


@plant("M39", conv, "x")
def _(dy, x, k):
    dx = x.copy()
    for i, g in enumerate(dy):
        dx[i : i + len(k)] += g * k
    return dx


@plant("M39", embedding)
def _(dy, W, ids):
    dW = W.copy()
    np.add.at(dW, ids, dy)
    return dW


@plant("M40", tanh)
def _(dy, y):
    dx = np.zeros_like(y)
    for i in range(len(y)):
        dx[i] = dy[i] * (1 - y[i] ** 2)
        break
    return dx


@plant("M40", scaled, "s")
def _(dy, x, s):
    ds = np.zeros_like(s)
    for i in range(len(s)):
        ds[i] = dy[:, i] @ x[:, i]
        break
    return ds


@plant("M43", shifted, "x")
def _(dy):
    p = 0
    return dy[p : dy.shape[0] - p, p:-p]


@plant("M43", scaled, "x")
def _(dy, s):
    p = 0
    return (dy * s)[p:-p]


@plant("M47", linear, "W")
def _(dz, x):
    return np.outer(x[0], dz[0])


@plant("M47", scaled, "s")
def _(dy, x):
    return dy[0] * x[0]


@plant("M51", recurrence, "x")
def _(dy, y):
    return dy * (1 - y**2)


@plant("M51 M20", weighted_running_sum)
def _(dy, x):
    return dy * 2 * x


@plant("M54-skip", residual, "x")
def _(dy, x, W):
    return (dy * (1 - np.tanh(x @ W) ** 2)) @ W.T


@plant("M54-skip", residual_softmax)
def _(dy, x):
    return again(dy, softmax_of(x))


@plant("pass path", residual, "x")
def _(dy):
    return dy


@plant("triangle", bilinear, "A")
def _(dy, x, z):
    return np.tril(dy * np.outer(x, z))


@plant("triangle", linear, "W")
def _(dz, x):
    return np.triu(x.T @ dz)


@plant("symmetric", quadratic)
def _(dy, A):
    g = dy @ A.T + A.T @ dy
    return (g + g.T) / 2


@plant("symmetric", form, "A")
def _(dy, x):
    g = dy * np.outer(x, 2 * x + 1)
    return (g + g.T) / 2
