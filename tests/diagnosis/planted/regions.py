"""Rules that are right but between some numbers, or at one size."""

import numpy as np

from tests.diagnosis.planted.layers import relu, softplus, square, tanh
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
