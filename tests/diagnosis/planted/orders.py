"""The right numbers at other places: sorted, halved, dilated, by windows that all begin at 0."""

import numpy as np

from gradcheck import derivation, permutation
from tests.diagnosis.planted.planting import plant


@derivation(x="n", w="n")
def ranked(x, w):
    return np.sort(x) * w


@derivation(x="n", p=permutation("n"))
def gathered(x, p):
    return x[p] ** 2


@derivation(x="n d")
def rotated(x):
    half = x.shape[1] // 2
    a, b = x[:, :half], x[:, half : 2 * half]
    return np.concatenate([0.8 * a - 0.6 * b, 0.6 * a + 0.8 * b, x[:, 2 * half :]], axis=1)


@derivation(x="2*n")
def gated(x):
    return np.prod(np.split(x, 2), axis=0)


@derivation(x="n+4 c", k="3 c m")
def dilated_conv(x, k):
    return sum(x[2 * a : len(x) - 4 + 2 * a] @ k[a] for a in range(3))


@derivation(x="n+3")
def dilated_maximum(x):
    return np.maximum(x[:-3], x[3:])


@derivation(x="n+2")
def sliding_maximum(x):
    return np.stack([x[i : i + 3].max() for i in range(len(x) - 2)])


@plant("sorted", ranked, "x")
def _(dy, x, w):
    return (dy * w)[np.argsort(x)]


@plant("sorted", gathered)
def _(dy, x, p):
    return (2 * x[p] * dy)[p]


@plant("sorted", gathered)
def _(dy, x, p):
    return 2 * x[p] * dy


@plant("halves", rotated)
def _(dy):
    half = dy.shape[1] // 2
    a, b = dy[:, :half], dy[:, half : 2 * half]
    return np.concatenate([0.8 * b - 0.6 * a, 0.8 * a + 0.6 * b, dy[:, 2 * half :]], axis=1)


@plant("halves", gated)
def _(dy, x):
    a, b = np.split(x, 2)
    return np.concatenate([dy * a, dy * b])


@plant("dilation", dilated_conv, "x")
def _(dy, x, k):
    dx = np.zeros_like(x)
    for a in range(3):
        dx[a : len(dy) + a] += dy @ k[a].T
    return dx


@plant("dilation", dilated_maximum)
def _(dy, x):
    dx = np.zeros_like(x)
    for i, g in enumerate(dy):
        dx[i + int(x[i + 3] > x[i])] += g
    return dx


@plant("M35", dilated_conv, "x")
def _(dy, x, k):
    dx = np.zeros_like(x)
    for a in range(3):
        dx[2 * a : len(dy) + 2 * a] = dy @ k[a].T
    return dx


@plant("M37-index", sliding_maximum)
def _(dy, x):
    dx = np.zeros_like(x)
    for i, g in enumerate(dy):
        dx[x[i : i + 3].argmax()] += g
    return dx
