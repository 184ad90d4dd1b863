"""Wrong versions of claims in ``derivations/linear_algebra/inverse.py``."""

from derivations.linear_algebra import inverse as right
from derivations.linear_algebra.diagonal_shift import DOMINANT
from derivations.linear_algebra.diagonal_shift import backward as shift_backward
from gradcheck import derivation, options


@options(sizes=right.SMALL)
@derivation(**DOMINANT)
def inverse(M, c):
    return right.inverse(M, c)


@inverse.partial("M")
def indices_exchanged(y, i, j):
    (p, q), (a, b) = i, j
    return -y[a, q] * y[p, b]


@inverse.vjp
def transposes_lost(dY, y):
    return shift_backward(-y @ dY @ y)


@inverse.vjp
def derivative_of_a_number(dY, y):
    return shift_backward(-dY * y * y)
