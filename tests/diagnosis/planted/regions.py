"""Rules that are right but between some numbers, at one size, or for symmetric gradients."""

import numpy as np

from tests.diagnosis.planted.layers import (
    flat_sines,
    flipped_sines,
    folded,
    gram,
    heads_of,
    leaking,
    momentum_step,
    penalized_loss,
    relu,
    sigmoid_of,
    smoothed_loss,
    softmax_of,
    softplus,
    square,
    squared_distances,
    squared_matrix,
    swish,
    tanh,
    transposed_squares,
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


@plant("symmetric-upstream", gram)
def _(dy, x):
    return 2 * x @ dy


@plant("symmetric-upstream", squared_distances)
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


@plant("order-upstream", flipped_sines)
def _(dy, x):
    return dy * np.cos(x)


@plant("order-upstream", transposed_squares)
def _(dy, x):
    return 2 * x * dy.reshape(x.shape)


@plant("order-upstream", heads_of)
def _(dy, x, y):
    return (dy * (1 - y**2)).reshape(x.shape)


@plant("order-upstream", flat_sines)
def _(dy, x):
    return dy.reshape(x.shape, order="F") * np.cos(x)


@plant("mask-forgotten choice", leaking, "a")
def _(dy, x):
    return (dy * x).sum(axis=0)


@plant("path", squared_matrix)
def _(dy, A):
    return dy @ A.T


@plant("path", momentum_step, "w")
def _(dy):
    return dy
