"""What is done to the upstream gradient, and derivatives at the wrong place."""

import math

import numpy as np

from tests.diagnosis.planted.layers import (
    cross_entropy_row,
    gelu,
    logarithm,
    network,
    product,
    reciprocal,
    relu,
    root,
    sigmoid,
    sigmoid_of,
    softmax_of,
    softplus,
    square,
    tanh,
)
from tests.diagnosis.planted.planting import plant


@plant("M11", relu)
def _(dy):
    return dy * (dy > 0)


@plant("M11", network)
def _(dy, x, W1, W2):
    h = x @ W1
    dh = dy @ W2.T
    dh = dh * (dh > 0)
    return dh @ W1.T, x.T @ dh, np.maximum(h, 0).T @ dy


@plant("M12", tanh)
def _(dy, y):
    return 1 - y**2


@plant("M12", sigmoid)
def _(dy, y):
    return y * (1 - y)


@plant("M12", relu)
def _(dy, x):
    return (x > 0) * 1.0


@plant("M12", cross_entropy_row, "z")  # M27
def _(dl, z, label):
    return softmax_of(z) - np.eye(len(z))[label]


@plant("M13", tanh)
def _(dy):
    return dy * (1 - np.tanh(dy) ** 2)


@plant("M13", sigmoid)
def _(dy):
    s = sigmoid_of(dy)
    return dy * s * (1 - s)


@plant("M14", tanh)
def _(dy, x):
    return dy * (1 - x**2)


@plant("M14", sigmoid)
def _(dy, x):
    return dy * x * (1 - x)


@plant("M15", tanh)
def _(dy, y):
    return dy * (1 - np.tanh(y) ** 2)


@plant("M15", sigmoid)
def _(dy, y):
    s = sigmoid_of(y)
    return dy * s * (1 - s)


@plant("M16", tanh)
def _(dy, y):
    return dy * y


@plant("M16", softplus)
def _(dy, y):
    return dy * y


@plant("M17 M13-inside", sigmoid)
def _(dy):
    return dy * (1 - dy)


@plant("M17 M13-inside", tanh)
def _(dy):
    return dy * (1 - dy**2)


@plant("M13-power", square)
def _(dy, x):
    return dy**2 * 2 * x


@plant("M13-power", product)
def _(dy, a, b):
    return dy * dy * b, dy * dy * a


@plant("pass region", relu)
def _(dy):
    return dy


@plant("pass", sigmoid)
def _(dy):
    return dy


@plant("M16-input", tanh)
def _(dy, x):
    return dy * x


@plant("M16-input", sigmoid)
def _(dy, x):
    return dy * x


@plant("slope-twice", tanh)
def _(dy, y):
    return dy * (1 - y**2) ** 2


@plant("slope-twice", sigmoid)
def _(dy, y):
    return dy * (y * (1 - y)) ** 2


@plant("slope-root", tanh)  # sech for its square
def _(dy, x):
    return dy / np.cosh(x)


@plant("slope-root factor", reciprocal)
def _(dy, x):
    return -dy / x


@plant("M58 M59", softplus)
def _(dy, x):
    return dy * (x > 0)


@plant("M58 M59", sigmoid)
def _(dy, x):
    return dy * (x > 0.5)


@plant("M59", gelu)  # exact for approximate
def _(dy, x):
    phi = np.array([0.5 * (1 + math.erf(v / math.sqrt(2))) for v in x])
    return dy * (phi + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi))


@plant("M59", tanh)
def _(dy, x):
    s = sigmoid_of(x)
    return dy * s * (1 - s)


@plant("M60", logarithm)
def _(dy, x):
    return dy / x


@plant("M60", root)
def _(dy, x):
    return 0.5 * dy / np.sqrt(x)
