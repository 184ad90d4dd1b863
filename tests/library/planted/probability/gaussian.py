"""Wrong versions of claims in ``derivations/probability/gaussian.py``."""

from derivations.probability import gaussian as right
from gradcheck import derivation, options, real


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


@options(sizes={"n": (2, 16)}, output="l")
@derivation(x=real("n", differentiate=False), mu="", sigma=real(low=0))
def log_likelihood(x, mu, sigma):
    return right.log_likelihood(x, mu, sigma)


@log_likelihood.hessian("mu")
def information_of_one_sample(sigma):
    return -1 / sigma**2
