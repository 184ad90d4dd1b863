"""Wrong versions of claims in ``derivations/probability/gamma.py``."""

import numpy as np

from derivations.probability import gamma as right
from gradcheck import derivation, options


@options(output="l")
@derivation(x=right.POSITIVE, a=right.SHAPE, rate=right.POSITIVE)
def log_density(x, a, rate):
    return right.log_density(x, a, rate)


@log_density.vjp
def scale_for_the_rate(dl, x, a, rate):
    dx, da, drate = right.backward(dl, x, a, 1 / rate)
    return dx, da, -drate / rate**2


@log_density.vjp
def logarithm_for_the_digamma_function(dl, x, a, rate):
    dx, _, drate = right.backward(dl, x, a, rate)
    return dx, dl * (np.log(rate) + np.log(x) - np.log(a)), drate
