"""Wrong versions of claims in ``derivations/probability/multivariate_gaussian.py``."""

import numpy as np

from derivations.probability import multivariate_gaussian as right
from gradcheck import derivation, options, positive_definite


@options(output="l", sizes={"n": (1, 5)})
@derivation(x="n", mu="n", Sigma=positive_definite("n n"))
def log_density(x, mu, Sigma):
    return right.log_density(x, mu, Sigma)


@log_density.gradient
def gradient_of_the_precision(x, mu, Sigma):
    dx, dmu, _ = right.gradient(x, mu, Sigma)
    return dx, dmu, (Sigma - np.outer(x - mu, x - mu)) / 2


@log_density.gradient
def determinant_forgotten(x, mu, Sigma):
    dx, dmu, _ = right.gradient(x, mu, Sigma)
    return dx, dmu, np.outer(dmu, dmu) / 2
