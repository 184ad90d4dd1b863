"""Wrong versions of claims in ``derivations/probability/entropy.py``."""

import numpy as np

from derivations.log_softmax import log_softmax
from derivations.probability import entropy as right
from gradcheck import derivation, options


@options(output="H")
@derivation(z="k")
def entropy(z):
    return right.entropy(z)


@entropy.gradient
def derivative_by_the_probabilities(z):
    return -log_softmax(z) - 1


@entropy.gradient
def sign_of_the_entropy_lost(z, H):
    log_p = log_softmax(z)
    return -np.exp(log_p) * (log_p - H)
