"""Wrong versions of claims in ``derivations/softmax_family/weighted_logsumexp.py``."""

import numpy as np

from derivations.softmax import softmax
from derivations.softmax_family import weighted_logsumexp as right
from gradcheck import derivation, options


@options(output="l")
@derivation(z="k", b=right.POSITIVE)
def weighted_logsumexp(z, b):
    return right.weighted_logsumexp(z, b)


@weighted_logsumexp.gradient
def weights_forgotten(z, b, l):
    return softmax(z), np.exp(z - l)


@weighted_logsumexp.gradient
def shares_for_the_gradient_of_the_weights(z, b, l):
    p = right.shares(z, b, l)
    return p, p
