"""Wrong versions of claims in ``derivations/softmax_family/softmax_with_zero.py``."""

import numpy as np

from derivations.softmax_family import softmax_with_zero as right
from gradcheck import derivation, identity


@derivation(z="k")
def softmax_with_zero(z):
    return right.softmax_with_zero(z)


@softmax_with_zero.vjp
def normalised_as_softmax(dy, y):
    p = y / y.sum()
    return p * (dy - dy @ p)


@identity(z="k", dy="k")
def shift_invariance_kept(z, dy):
    return right.backward(dy, right.softmax_with_zero(z)).sum(), np.zeros(())
