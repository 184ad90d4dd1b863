"""Wrong versions of claims in ``derivations/losses/binary_cross_entropy.py``."""

import numpy as np

from derivations.losses import binary_cross_entropy as right
from gradcheck import derivation


@derivation(q=right.PROBABILITIES, t=right.TARGETS)
def binary_cross_entropy(q, t):
    return right.binary_cross_entropy(q, t)


@binary_cross_entropy.vjp
def second_class_forgotten(dl, q, t):
    return -dl * t / (len(q) * q), right.backward(dl, q, t)[1]


@binary_cross_entropy.vjp
def sign_of_the_inner_derivative_lost(dl, q, t):
    dq = -dl * (t / q + (1 - t) / (1 - q)) / len(q)
    return dq, -dl * (np.log(q) - np.log1p(-q)) / len(q)
