"""Wrong versions of claims in ``derivations/normalization/weight_norm.py``."""

import numpy as np

from derivations.normalization import weight_norm as right
from gradcheck import derivation, options


@options(output="W")
@derivation(V=right.DIRECTIONS, g="m")
def weight_norm(V, g):
    return right.weight_norm(V, g)


@weight_norm.vjp
def length_taken_for_a_constant(dW, V, g):
    _, dg = right.backward(dW, V, g)
    return g / np.sqrt((V * V).sum(axis=0)) * dW, dg


@weight_norm.vjp
def length_of_the_whole_matrix(dW, V, g):
    _, dg = right.backward(dW, V, g)
    norm = np.sqrt((V * V).sum())
    return g / norm * (dW - (dW * V).sum(axis=0) * V / norm**2), dg
