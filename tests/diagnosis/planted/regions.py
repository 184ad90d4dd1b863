"""Rules that are right but between some numbers, at one size, or for symmetric gradients."""

import numpy as np

from tests.diagnosis.planted.layers import (
    folded,
    gram,
    penalized_loss,
    relu,
    sigmoid_of,
    smoothed_loss,
    softmax_of,
    softplus,
    square,
    squared_distances,
    swish,
    tanh,
)
from tests.diagnosis.planted.planting import plant


@plant("region", relu)
def _(dy, x):
    return dy * ((x > 0) & (x < 5))


@plant("region", softplus)
def _(dy, x):
    return dy * np.where(x < -2, 0.5, 1 / (1 + np.exp(-x)))


@plant("only-size", square)
def _(dy, x):
    return dy * x if len(x) == 1 else dy * 2 * x


@plant("only-size", tanh)
def _(dy, y):
    return dy if len(y) == 1 else dy * (1 - y**2)


@plant("M1-upstream", gram)
def _(dy, x):
    return 2 * x @ dy


@plant("M1-upstream", squared_distances)
def _(dy, x):
    return 4 * (dy[:, :, None] * (x[:, None] - x[None])).sum(axis=1)


@plant("label-plain", smoothed_loss, kind="gradient")
def _(z, labels):
    return softmax_of(z) - np.eye(z.shape[1])[labels]


@plant("label-plain", penalized_loss, kind="gradient")
def _(z, labels):
    return (softmax_of(z) - np.eye(z.shape[1])[labels]) / len(z)


@plant("path", swish)
def _(dy, x):
    return dy * sigmoid_of(x)


@plant("pass", folded)
def _(dy, x):
    return dy * (np.logaddexp(0, x) + x)
