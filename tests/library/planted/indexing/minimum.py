"""Wrong versions of claims in ``derivations/indexing/minimum.py``."""

from derivations.indexing import minimum as right
from derivations.indexing.maximum import backward as maximum_backward
from gradcheck import derivation


@derivation(x="n k")
def minimum(x):
    return right.minimum(x)


@minimum.vjp
def one_of_the_two_signs_lost(dy, x):
    return -maximum_backward(dy, -x)


@minimum.vjp
def place_of_the_largest(dy, x):
    return maximum_backward(dy, x)
