"""Wrong versions of claims in ``derivations/linear_algebra/diagonal_shift.py``."""

from derivations.linear_algebra import diagonal_shift as right
from gradcheck import derivation


@derivation(**right.DOMINANT)
def shift(M, c):
    return right.shift(M, c)


@shift.vjp
def summed_over_all_of_the_matrix(dA):
    return dA, dA.sum()
