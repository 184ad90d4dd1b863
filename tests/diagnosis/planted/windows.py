"""Padding, strides and ties in windows; products entry by entry."""

import numpy as np

from tests.diagnosis.planted.layers import (
    clipped_to,
    largest,
    linear,
    matrix_vector,
    padded_image,
    padded_signal,
    projection,
    strided_conv,
    strided_pool,
    window_maximum,
)
from tests.diagnosis.planted.planting import plant


@plant("M2", projection, "W")
def _(dz, x):
    return x * dz


@plant("M2", projection)
def _(dz, x, W):
    return dz @ W.T, np.multiply(x, dz)


@plant("M2", matrix_vector, "A")
def _(dy, x):
    return dy * x


@plant("M2", linear, "x")
def _(dz, W):
    return dz * W


@plant("M44", padded_image)
def _(dy):
    p = 1
    return dy[p:-p, p:-p]


@plant("M44", padded_signal)
def _(dy):
    p = 1
    return dy[p:-p]


@plant("M45", strided_conv, "x")
def _(dy, k, stride):
    dx = np.zeros((len(dy) - 1) * stride + len(k))
    for place, g in enumerate(dy):
        dx[place * stride : place * stride + len(k)] += g * k
    return dx


@plant("M45", strided_pool)
def _(dy):
    return np.repeat(dy, 2, axis=1) / 2


@plant("M36", window_maximum)
def _(dy, x):
    dx = np.zeros_like(x)
    for place, g in enumerate(dy):
        window = x[place : place + 3]
        dx[place : place + 3] += g * (window == window.max())
    return dx


@plant("M36", largest)
def _(dy, x):
    return dy[:, None] * (x == x.max(axis=1, keepdims=True))


@plant("M36", clipped_to)
def _(dy, a, b):
    return dy * (a <= b), dy * (b <= a)
