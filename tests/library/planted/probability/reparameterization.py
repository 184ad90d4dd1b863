"""Wrong versions of claims in ``derivations/probability/reparameterization.py``."""

import numpy as np

from derivations.probability import reparameterization as right
from gradcheck import derivation, options


@options(output="z")
@derivation(mu="k", s=right.LOG_VARIANCE, eps=right.NOISE)
def sample(mu, s, eps):
    return right.sample(mu, s, eps)


@sample.vjp
def half_of_the_logarithm_forgotten(dz, s, eps):
    return dz, dz * np.exp(s / 2) * eps, None


@sample.vjp
def noise_forgotten(dz, s):
    return dz, dz * np.exp(s / 2) / 2, None
