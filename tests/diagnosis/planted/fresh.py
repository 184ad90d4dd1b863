"""Rules that were written to be named without a look at the catalogue, and were not at first."""

import numpy as np

from tests.diagnosis.planted.layers import (
    centred_rows,
    entropy_of,
    gated_product,
    leaning,
    logistic_loss,
    logistic_losses,
    rms_norm,
    scaled_to_size,
    scores,
    sigmoid_of,
    tanh_gate,
    trace_of_product,
    weight_norm,
)
from tests.diagnosis.planted.planting import plant


@plant("M25", logistic_loss)
def _(dl, z, t):
    return dl * (z - t) / len(z)


@plant("M25", logistic_losses)
def _(dl, z, t):
    return dl * (z - t)


@plant("M24", logistic_loss)
def _(dl, z, t):
    s = sigmoid_of(z)
    return dl * (s - t) * s * (1 - s) / len(z)


@plant("M24", logistic_losses)
def _(dl, z, t):
    s = sigmoid_of(z)
    return dl * (s - t) * s * (1 - s)


@plant("label", logistic_loss)
def _(dl, z):
    return dl * sigmoid_of(z) / len(z)


@plant("label", logistic_losses)
def _(dl, z):
    return dl * sigmoid_of(z)


@plant("M18", scores)
def _(dy, q, k):
    return dy @ k, dy.T @ q


@plant("M18", scaled_to_size, "b")
def _(dy):
    return dy.sum(axis=0)


@plant("factor", gated_product, "b")
def _(dy, a):
    return dy * a


@plant("factor", tanh_gate, "b")
def _(dy, b):
    return 2 * dy * b


@plant("rank-one-input", rms_norm, "x")
def _(dy, x, g):
    return dy * g / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-6)


@plant("M32", rms_norm, "g")
def _(dy, x):
    return (dy * x).sum(axis=0)


@plant("rank-one rank-one-input", weight_norm, "v")
def _(dy, v, g):
    return dy * g / np.sqrt((v**2).sum(axis=0))


@plant("constant-term", entropy_of, kind="gradient")
def _(x):
    return -np.log(x)


@plant("constant-term", leaning)
def _(dy, x):
    return dy * np.cos(x) - dy


@plant("triangle", trace_of_product, "a")
def _(dl, b):
    return dl * np.diag(np.diag(b))


@plant("edit-axis", centred_rows)
def _(dy):
    return dy - dy.mean(0, keepdims=True)
