"""Rules that are right for one sign of an input alone."""

import numpy as np

from gradcheck import derivation
from tests.diagnosis.planted.planting import plant


@derivation(x="n d", w="n d")
def by_size(x, w):
    return np.sqrt(w * w) * x


@plant("only-sign", by_size)
def _(dy, x, w):
    return dy * w, dy * x


@derivation(x="n", w="n")
def even_wave(x, w):
    return np.abs(x) * np.cos(x) * w


@plant("only-sign", even_wave)
def _(dy, x, w):
    return dy * w * (np.cos(x) - x * np.sin(x)), dy * x * np.cos(x)
