"""Transposed, reversed, shifted, swapped."""

import numpy as np

from tests.diagnosis.planted.layers import (
    bilinear,
    causal,
    conv,
    difference_of_squares,
    linear,
    log_softmax,
    masked_image,
    product,
    recurrent,
    running_sum,
    scaled,
    square,
)
from tests.diagnosis.planted.planting import plant


@plant("M1", linear, "W")
def _(dz, x):
    return dz.T @ x


@plant("M1", bilinear, "A")
def _(dy, x, z):
    return dy * np.outer(z, x)


@plant("M1-jacobian", log_softmax)
def _(dy, y):
    return dy - (np.exp(y) * dy).sum(axis=1, keepdims=True)


@plant("M1-jacobian", running_sum)
def _(dy):
    return np.cumsum(dy, axis=0)


@plant("M1 M1-jacobian", linear, "x")
def _(dz, W):
    return W @ dz.T


@plant("edit-operator edit-order edit-transpose", linear, "W")  # elementwise for a product
def _(dz, x):
    return x.T * dz


@plant("edit-operator edit-order edit-transpose", linear, "x")
def _(dz, W):
    return dz * W.T


@plant("M1-axes M1", masked_image, "x")
def _(dy, s):
    return np.swapaxes(dy * s, 1, 2)


@plant("M1-reshape M1", linear, "W")
def _(dz, x):
    return (dz.T @ x).reshape(x.shape[1], -1)


@plant("M1-reshape M1", bilinear, "A")
def _(dy, x, z):
    return dy * np.outer(z, x).reshape(len(x), len(z))


@plant("M41", conv, "k")
def _(dy, x, k):
    return np.array([x[i : i + len(dy)] @ dy for i in range(len(k))])[::-1]


@plant("M41", square)
def _(dy, x):
    return (2 * x * dy)[::-1]


@plant("M41", recurrent)
def _(dy, xs):
    states = [np.zeros_like(xs[0])]
    for x in xs:
        states.append(np.tanh(0.5 * states[-1] + x))
    dxs = []
    for h in reversed(states[1:]):
        dxs.append(dy * (1 - h**2))
        dy = 0.5 * dxs[-1]
    return dxs


@plant("M41-partner edit-index", conv, "x")
def _(dy, k):
    return np.convolve(dy, k[::-1])


@plant("M41-partner edit-sign edit-index", causal, "x")
def _(dy, k):
    return np.convolve(dy[::-1], k[::-1])[: len(k)][::-1]


@plant("M48", square)
def _(dy, x):
    return np.roll(2 * x * dy, 1)


@plant("M48", scaled, "s")
def _(dy, x):
    return np.roll((dy * x).sum(axis=0), -1)


@plant("swap", product)
def _(dy, a, b):
    return dy * a, dy * b


@plant("swap", difference_of_squares)
def _(dy, a, b):
    return -3 * b**2 * dy, 2 * a * dy
