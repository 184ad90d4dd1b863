"""One way from an input to the output is not counted, or has the wrong derivative on it."""

import numpy as np

from gradcheck import derivation, integers, options, positive_definite
from tests.diagnosis.planted.planting import plant


def sigmoid_of(x):
    return 1 / (1 + np.exp(-x))


@derivation(x="d", A="d d")
def quadratic_form(x, A):
    return x @ A @ x


@plant("path", quadratic_form, "x")
def _(dy, x, A):
    return dy * (A @ x)


@plant("M1-symmetric", quadratic_form, "x")
def _(dy, x, A):
    return dy * 2 * (A @ x)


@derivation(B="k k", x="n k")
def transformed(B, x):
    return np.tanh(x @ (B + B @ B))


@derivation(x="n d", A="d d")
def forms(x, A):
    return ((x @ A) * x).sum(axis=1)


@plant("M1-symmetric", forms, "x")
def _(dy, x, A):
    return 2 * dy[:, None] * (x @ A)


@plant("edit-transpose M1-symmetric", transformed, "B")
def _(dy, x, B, y):
    d = x.T @ (dy * (1 - y**2))
    return d + d @ B.T + B @ d


@plant("path", transformed, "B")
def _(dy, x, B, y):
    d = x.T @ (dy * (1 - y**2))
    return d + d @ B.T


@derivation(x="n d")
def relative(x):
    total = np.abs(x).sum(axis=1, keepdims=True) + 1
    return np.sin(x) / total


@plant("path", relative)
def _(dy, x):
    total = np.abs(x).sum(axis=1, keepdims=True) + 1
    return dy * np.cos(x) / total


@derivation(x="n d", g="d")
def gated(x, g):
    return np.tanh(x * g) * sigmoid_of(x)


@plant("path", gated, "x")
def _(dy, x, g):
    return dy * (1 - np.tanh(x * g) ** 2) * g * sigmoid_of(x)


@plant("M14 path-slope", gated, "g")
def _(dy, x, g):
    return (dy * (1 - (x * g) ** 2) * x * sigmoid_of(x)).sum(axis=0)


@plant("pass path-slope", gated, "g")
def _(dy, x, g):
    return (dy * x * sigmoid_of(x)).sum(axis=0)


@derivation(x="n d", W="d m", V="m o")
def two_layers(x, W, V):
    return np.tanh(x @ W) @ V


@plant("M15 path-slope", two_layers, "W")
def _(dy, x, W, V):
    a = np.tanh(x @ W)
    return x.T @ (dy @ V.T * (1 - np.tanh(a) ** 2))


@plant("M14 path-slope", two_layers, "x")
def _(dy, x, W, V):
    return (dy @ V.T * (1 - (x @ W) ** 2)) @ W.T


@plant("M16 path-slope", two_layers, "x")
def _(dy, x, W, V):
    return (dy @ V.T * np.tanh(x @ W)) @ W.T


@plant("slope-twice path-slope", two_layers, "W")
def _(dy, x, W, V):
    return x.T @ (dy @ V.T * (1 - np.tanh(x @ W) ** 2) ** 2)


@derivation(A=positive_definite("n n"), b="n")
def solved(A, b):
    return np.linalg.solve(A, b)


@plant("inverse", solved, "b")
def _(dy, A):
    return A @ dy


@derivation(x="k")
def grown(x):
    return np.exp(x) + x


@plant("inverse", grown)
def _(dy, x):
    return dy / (np.exp(x) + 1)


@options(sizes={"n": (1, 4), "k": (1, 3)})
@derivation(x="c 2*n+k", w="k")
def strided_rows(x, w):
    n = (x.shape[1] - len(w)) // 2
    return np.stack([x[:, 2 * i : 2 * i + len(w)] @ w for i in range(n)], axis=1)


@plant("M37", strided_rows, "x")
def _(dy, x, w):
    dx = np.zeros_like(x)
    for i in range(dy.shape[1]):
        dx[:, i : i + len(w)] += dy[:, i, None] * w
    return dx


@options(sizes={"h": (1, 3), "w": (1, 3)})
@derivation(x="3*h 3*w")
def mean_of_blocks(x):
    h, w = x.shape
    return x.reshape(h // 3, 3, w // 3, 3).mean(axis=(1, 3))


@plant("M37", mean_of_blocks)
def _(dy, x):
    dx = np.zeros_like(x)
    for (i, j), g in np.ndenumerate(dy):
        dx[i : i + 3, j : j + 3] += g / 9
    return dx


@plant("M37", mean_of_blocks)
def _(dy, x):
    dx = np.zeros_like(x)
    for (i, j), g in np.ndenumerate(dy):
        dx[3 * i : 3 * i + 3, j : j + 3] += g / 9
    return dx


@plant("M6", mean_of_blocks)
def _(dy, x):
    return np.repeat(np.repeat(dy, 3, 0), 3, 1) / dy.size


@plant("M50-place", mean_of_blocks)
def _(dy, x):
    dx = np.zeros_like(x)
    dx[::3, ::3] = dy / 9
    return dx


@options(sizes={"n": (1, 5)})
@derivation(x="c 2*n")
def pairs_added(x):
    return np.sqrt(1 + x[:, ::2] ** 2) + np.sin(x[:, 1::2])


@plant("M50-place", pairs_added)
def _(dy, x):
    dx = np.zeros_like(x)
    dx[:, 1::2] = dy * np.cos(x[:, 1::2])
    return dx


@derivation(W="v d", ids=integers("b n", low=0, high="v"))
def mean_of_rows(W, ids):
    return W[ids].mean(axis=1)


@plant("M49 edit-scatter", mean_of_rows)
def _(dy, W, ids):
    dW = np.zeros_like(W)
    dW[ids] += dy[:, None, :] / ids.shape[1]
    return dW


@derivation(x="n d", W="d m", b="m")
def biased_terms(x, W, b):
    return (x[:, :, None] * W + b).sum(axis=1)


@plant("M4", biased_terms, "b")
def _(dy):
    return dy.sum(axis=0)


@derivation(x="k")
def log_of_sum(x):
    return np.log(np.exp(x).sum())


@plant("factor-part", log_of_sum, kind="gradient")
def _(x):
    return np.exp(x)


@derivation(x="n d", s="")
def squashed(x, s):
    return np.arctan(x * np.exp(s + 1))


@plant("factor-part", squashed, "x")
def _(dy, x, s):
    return dy / (1 + (x * np.exp(s + 1)) ** 2)


@derivation(x="n c h", g="c", b="c")
def channels(x, g, b):
    return np.sin(x) * g[:, None] + b[:, None]


@plant("M32", channels, "g")
def _(dy, y):
    return (dy * y).sum(axis=(0, 2))


@derivation(x="k")
def cubes(x):
    return x**3


@plant("factor", cubes)
def _(dy, x):
    return dy * 2 * x
