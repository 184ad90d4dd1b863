"""How rules behave, terms too many, and rules right in a special case alone."""

import numpy as np

from tests.diagnosis.planted.layers import (
    dropout,
    linear,
    product,
    quadratic,
    recurrence,
    relu,
    ridge,
    squared_error,
    subsampled,
    tanh,
)
from tests.diagnosis.planted.planting import plant

_kept = {}


@plant("M55", tanh)
def _(dy, y):
    kept = _kept.setdefault(y.shape, np.zeros(y.shape))
    kept += dy * (1 - y**2)
    return kept.copy()


@plant("M55", linear, "b")
def _(dz):
    kept = _kept.setdefault(("b", dz.shape), np.zeros(dz.shape[1]))
    kept += dz.sum(axis=0)
    return kept.copy()


@plant("M56", relu)
def _(dy, x):
    dy[x <= 0] = 0
    return dy


@plant("M56", tanh)
def _(dy, y):
    dy *= 1 - y**2
    return dy


_generator = np.random.default_rng(0)


@plant("M57", dropout)  # M63: a new mask
def _(dy, keep):
    return dy * (_generator.random(dy.shape) < keep) / keep


@plant("M57", relu)
def _(dy, x):
    return dy * (x > 0) * _generator.random()


@plant("M61", ridge, "W")
def _(dl, x, W, t):
    return dl * 2 * x.T @ (x @ W - t) / t.size


@plant("M61", squared_error, "a")
def _(dl, a, t):
    return dl * 2 * (a - t) / a.size + 0.1 * a


@plant("M64", linear)
def _(dz, x, W, b):
    dW = x.T @ dz
    return dz @ (W - 0.01 * dW).T, dW, dz.sum(axis=0)


@plant("M65", relu)
def _(dy, x):
    return x > 0


@plant("M65", dropout)
def _(dy, mask):
    return mask


@plant("whole", linear, "x")
def _(dz, W):
    return (dz @ W.T).astype(int)


@plant("whole", product, "a")
def _(dy, b):
    return np.rint(dy * b).astype(int)


@plant("mask region", tanh)
def _(dy, x, y):
    return dy * (1 - y**2) * (x > 0)


@plant("mask", product, "a")
def _(dy, a, b):
    return dy * b * (a > 0)


@plant("mask-forgotten", dropout)
def _(dy, keep):
    return dy / keep


@plant("mask-forgotten region", relu)
def _(dy, x):
    return dy * np.where(x > 0, 1, 0.3)


@plant("M31", subsampled)  # M37, M42
def _(dy, x, stride):
    dx = np.zeros_like(x)
    dx[: len(dy)] = dy
    return dx


@plant("M47", recurrence, "h0")
def _(dy, y):
    return 0.5 * dy[0] * (1 - y[0] ** 2)


@plant("only-one", quadratic)
def _(dy, A):
    return A.T @ dy + A @ dy.T
