"""Wrong versions of claims in ``derivations/probability/log_gamma.py``."""

import numpy as np

from derivations.probability import log_gamma as right
from gradcheck import derivation


@derivation(x=right.POSITIVE)
def log_gamma(x):
    return right.log_gamma(x)


@log_gamma.vjp
def logarithm_for_the_digamma_function(dl, x):
    return dl * np.log(x)
