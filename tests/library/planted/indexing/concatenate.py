"""Wrong versions of claims in ``derivations/indexing/concatenate.py``."""

from derivations.indexing import concatenate as right
from gradcheck import derivation, options


@options(sizes=right.SMALL)
@derivation(**right.PARTS)
def concatenate(x):
    return right.concatenate(x)


@concatenate.vjp
def pieces_in_reverse(dy, x):
    return right.backward(dy, x)[::-1]


@options(output="first second", sizes={"n": (1, 3), "d": (1, 4), "e": (1, 4)})
@derivation(x="n d", w="n e")
def joined_and_cut(x, w):
    return right.joined_and_cut(x, w)


@joined_and_cut.vjp
def cotangents_joined_in_the_wrong_order(dfirst, dsecond, x):
    return right.backward_of_cut(dsecond, dfirst, x)
