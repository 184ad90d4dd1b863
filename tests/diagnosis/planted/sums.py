"""Sums that are missing or one too many, and Jacobians returned."""

import numpy as np

from tests.diagnosis.planted.layers import (
    batch_norm,
    linear,
    running_sum,
    scaled,
    shifted,
    softmax,
    tanh,
)
from tests.diagnosis.planted.planting import plant


@plant("M7", linear, "b")
def _(dz):
    return dz


@plant("M7", batch_norm, "beta")
def _(dy):
    return dy


@plant("M7", shifted, "c")  # M10
def _(dy):
    return dy


@plant("M7", scaled, "s")  # M10
def _(dy, x):
    return dy * x


@plant("M8", linear, "b")
def _(dz):
    return np.full(dz.shape[1], dz.sum())


@plant("M8", batch_norm, "gamma")
def _(dy, x):
    c = x - x.mean(axis=0)
    return np.full(x.shape[1], (dy * c / np.sqrt((c**2).mean(axis=0) + 1e-5)).sum())


@plant("M8-mean", linear, "b")
def _(dz):
    return np.full(dz.shape[1], dz.sum(axis=0).mean())


@plant("M8-mean", scaled, "s")
def _(dy, x):
    return np.full(x.shape[1], (dy * x).sum(axis=0).mean())


@plant("M22", softmax)
def _(dy, y):
    return np.diag(y) - np.outer(y, y)


@plant("M22", running_sum)
def _(dy, x):
    t, d = x.shape
    return np.einsum("ts,de->tdse", np.tril(np.ones((t, t))), np.eye(d))


@plant("M22-mean M12 zero", running_sum)
def _(dy, x):
    return np.ones(x.shape) * np.arange(len(x), 0, -1)[:, None] / x.size


@plant("M22-mean", tanh)
def _(dy, y):
    return (1 - y**2) / y.size


@plant("zero", softmax)  # M22: the Jacobian summed over the outputs
def _(dy, y):
    return (np.diag(y) - np.outer(y, y)).sum(axis=0) * 0


@plant("zero", linear, "b")
def _(dz, b):
    return np.zeros_like(b)
