"""Bins of one-sided spectra that are counted once too often, or not often enough."""

import numpy as np

from gradcheck import derivation, options
from tests.diagnosis.planted.planting import plant


@options(output="p")
@derivation(x="n")
def power(x):
    return np.abs(np.fft.rfft(x)) ** 2


@plant("one-sided", power)
def _(dp, x):
    return 2 * len(x) * np.fft.irfft(dp * np.fft.rfft(x), len(x))


@plant("one-sided", power)
def _(dp, x):
    Z = dp * np.fft.rfft(x)
    Z[0] *= 2
    return len(x) * np.fft.irfft(Z, len(x))


@derivation(x="n d")
def low_passed(x):
    Z = np.fft.rfft(x, axis=0)
    falling = 1 / (1 + np.arange(len(Z)))[:, None]
    return np.fft.irfft(Z * falling, len(x), axis=0)


@plant("one-sided", low_passed)
def _(dy, x):
    Z = np.fft.rfft(dy, axis=0) / (1 + np.arange(len(x) // 2 + 1))[:, None]
    Z[1:] *= 2
    if len(x) % 2 == 0:
        Z[-1] /= 2
    return np.fft.irfft(Z, len(x), axis=0)
