"""Wrong versions of claims in ``derivations/optimization/gradient_clipping.py``."""

from derivations.indexing.norm import norm
from derivations.optimization import gradient_clipping as right
from gradcheck import derivation, options


@options(sizes=right.SMALL)
@derivation(**right.CLIPPED)
def clip_by_norm(g, c):
    return right.clip_by_norm(g, c)


@clip_by_norm.vjp
def norm_taken_for_a_constant(dy, g, c):
    _, dc = right.backward(dy, g, c)
    return dy * min(1.0, c / norm(g)), dc
