"""Wrong versions of claims in ``derivations/probability/kl_of_gaussians.py``."""

import numpy as np

from derivations.probability import kl_of_gaussians as right
from gradcheck import derivation, options, real


@options(output="l")
@derivation(mu="k", sigma=right.POSITIVE, m="k", tau=right.POSITIVE)
def kl_of_gaussians(mu, sigma, m, tau):
    return right.kl_of_gaussians(mu, sigma, m, tau)


@kl_of_gaussians.vjp
def the_two_distributions_swapped(dl, mu, sigma, m, tau):
    dm, dtau, dmu, dsigma = right.backward(dl, m, tau, mu, sigma)
    return dmu, dsigma, dm, dtau


@options(output="l")
@derivation(mu="k", s=real("k", low=-30, high=30))
def from_the_standard_normal(mu, s):
    return right.from_the_standard_normal(mu, s)


@from_the_standard_normal.gradient
def one_not_subtracted(mu, s):
    return mu, np.exp(s) / 2
