"""Wrong versions of claims in ``derivations/probability/gaussian.py``."""

from derivations.probability import gaussian as right
from gradcheck import derivation, options


@options(output="l")
@derivation(x="k", mu="k", sigma=right.POSITIVE)
def log_density(x, mu, sigma):
    return right.log_density(x, mu, sigma)


@log_density.vjp
def variance_for_the_deviation(dl, x, mu, sigma):
    dx, dmu, dsigma = right.backward(dl, x, mu, sigma)
    return dx, dmu, dsigma / (2 * sigma)


@log_density.vjp
def normalization_taken_for_a_constant(dl, x, mu, sigma):
    dx, dmu, dsigma = right.backward(dl, x, mu, sigma)
    return dx, dmu, dsigma + dl / sigma
