"""Wrong versions of claims in ``derivations/indexing/broadcast.py``."""

from derivations.indexing import broadcast as right
from gradcheck import derivation, options


@options(sizes=right.SMALL)
@derivation(x="n d", s="n 1", b="d")
def scale_and_shift(x, s, b):
    return right.scale_and_shift(x, s, b)


@scale_and_shift.vjp
def repeated_axis_not_reduced(dy, x, s):
    return dy * s, dy * x, dy.sum(axis=0)


@derivation(x="2 3", shape=right.SHAPES)
def broadcast_sum(x, shape):
    return right.broadcast_sum(x, shape)


@broadcast_sum.vjp
def first_copy_only(dy):
    return dy if dy.ndim == 2 else dy[0]
