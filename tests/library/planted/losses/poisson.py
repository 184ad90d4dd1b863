"""Wrong versions of claims in ``derivations/losses/poisson.py``."""

import numpy as np

from derivations.losses import poisson as right
from gradcheck import derivation


@derivation(z=right.LOG_RATES, t=right.COUNTS)
def poisson(z, t):
    return right.poisson(z, t)


@poisson.vjp
def logarithm_taken_for_the_rate(dl, z, t):
    return dl * (1 - t / np.exp(z)) / len(z)
