"""Caches of another call, rules of another mode, labels of another shape and weight."""

import numpy as np

from tests.diagnosis.planted.layers import (
    absolute_error,
    centred,
    column_error,
    hinge_of_labels,
    running_norm,
    softmax_of,
    weighted_loss,
    weighted_loss_mean,
)
from tests.diagnosis.planted.planting import plant


@plant("M33", running_norm, "x")
def _(dy, x, mean, var):
    return dy / np.sqrt(var + 1e-5)


@plant("M33", centred)
def _(dy):
    return dy - dy.mean(axis=0)


@plant("M62", column_error, "p")
def _(dl, p, t):
    return dl * 2 * (p - t[:, None]) / len(p)


@plant("M62", absolute_error, "p")
def _(dl, p, t):
    return dl * np.tanh(p - t[:, None]) / len(p)


@plant("M62", hinge_of_labels, "p")
def _(dl, p, t):
    return -dl * t[:, None] * np.exp(-t[:, None] * p)


def _loss(dl, z, labels, w):
    rows = w * (softmax_of(z) - np.eye(z.shape[1])[labels])
    return dl * rows


@plant("M26", weighted_loss, "z")
def _(dl, z, labels, w):
    return _loss(dl, z, labels, w)


@plant("M26", weighted_loss_mean, "z")
def _(dl, z, labels, w):
    return _loss(dl, z, labels, w) / w[labels].sum()
