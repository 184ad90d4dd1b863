"""Wrong versions of claims in ``derivations/probability/beta.py``."""

import numpy as np

from derivations.probability import beta as right
from derivations.probability.log_gamma import digamma
from gradcheck import derivation, options


@options(output="l")
@derivation(x=right.BETWEEN, a=right.POSITIVE, b=right.POSITIVE)
def log_density(x, a, b):
    return right.log_density(x, a, b)


@log_density.vjp
def sum_of_the_shapes_forgotten(dl, x, a, b):
    dx, _, _ = right.backward(dl, x, a, b)
    return dx, dl * (np.log(x) - digamma(a)), dl * (np.log1p(-x) - digamma(b))
