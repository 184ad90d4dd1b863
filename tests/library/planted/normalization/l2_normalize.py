"""Wrong versions of claims in ``derivations/normalization/l2_normalize.py``."""

from derivations.normalization import l2_normalize as right
from gradcheck import derivation, real


@derivation(x=real("*batch m", nonzero=True))
def l2_normalize(x):
    return right.l2_normalize(x)


@l2_normalize.vjp
def input_for_output_in_the_projection(dy, x):
    return (dy - (dy * x).sum(axis=-1, keepdims=True) * x) / right.length(x)


@l2_normalize.vjp
def diagonal_only(dy, x, y):
    return dy * (1 - y * y) / right.length(x)


@l2_normalize.vjp
def sum_over_the_whole_batch(dy, x, y):
    return (dy - (dy * y).sum() * y) / right.length(x)
