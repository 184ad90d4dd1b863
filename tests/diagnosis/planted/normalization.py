"""Normalisation and products with the wrong partner."""

import numpy as np

from tests.diagnosis.planted.layers import batch_norm, chosen, layer_norm, softmax_rows, unit_rows
from tests.diagnosis.planted.planting import plant


@plant("M29", batch_norm, "x")
def _(dy, x, gamma):
    return dy * gamma / np.sqrt(x.var(axis=0) + 1e-5)


@plant("M29", layer_norm)
def _(dy, x):
    return dy / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)


@plant("M30", layer_norm)  # the path through the mean
def _(dy, x, y):
    std = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    return (dy - y * (dy * y).mean(axis=1, keepdims=True)) / std


@plant("M30", layer_norm)  # the path through the variance
def _(dy, x):
    return (dy - dy.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)


@plant("M30", batch_norm, "x")
def _(dy, x, gamma):
    dy = dy * gamma
    return (dy - dy.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)


@plant("M32", batch_norm, "gamma")
def _(dy, y):
    return (dy * y).sum(axis=0)


@plant("M32 M14", chosen, "W")
def _(dy, z):
    return z.T @ dy


@plant("rank-one rank-one-input", unit_rows)
def _(dy, x):
    return dy / np.sqrt((x**2).sum(axis=1, keepdims=True))


@plant("rank-one rank-one-input M20-normaliser", softmax_rows)
def _(dy, y):
    return y * (dy - (dy * y).mean(axis=1, keepdims=True))
