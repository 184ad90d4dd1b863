"""Wrong versions of claims in ``derivations/probability/gaussian_mixture.py``."""

import numpy as np

from derivations.probability import gaussian_mixture as right
from derivations.softmax import softmax
from gradcheck import derivation, options


@options(output="l")
@derivation(x="n", z="c", mu="c", sigma=right.DEVIATIONS)
def mixture_log_likelihood(x, z, mu, sigma):
    return right.mixture_log_likelihood(x, z, mu, sigma)


@mixture_log_likelihood.gradient
def responsibilities_taken_for_the_shares(x, z, mu, sigma):
    dx, _, _, dsigma = right.gradient(x, z, mu, sigma)
    r = (x[:, np.newaxis] - mu) / sigma
    return dx, 0 * z, (softmax(z) * r / sigma).sum(axis=0), dsigma


@mixture_log_likelihood.gradient
def shares_not_subtracted(x, z, mu, sigma):
    dx, _, dmu, dsigma = right.gradient(x, z, mu, sigma)
    return dx, right.responsibilities(x, z, mu, sigma).sum(axis=0), dmu, dsigma
