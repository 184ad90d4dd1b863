"""Wrong versions of claims in ``derivations/probability/dirichlet.py``."""

import numpy as np

from derivations.probability import dirichlet as right
from derivations.probability.log_gamma import digamma
from gradcheck import derivation, options, simplex


@options(output="l")
@derivation(p=simplex("k"), a=right.POSITIVE)
def log_density(p, a):
    return right.log_density(p, a)


@log_density.gradient
def normalization_of_each_entry_alone(p, a):
    dp, _ = right.gradient(p, a)
    return dp, np.log(p) - digamma(a)
