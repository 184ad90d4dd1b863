"""Wrong versions of claims in ``derivations/linear_algebra/log_determinant.py``."""

import numpy as np

from derivations.linear_algebra import log_determinant as right
from derivations.linear_algebra.diagonal_shift import DOMINANT, shift
from derivations.linear_algebra.diagonal_shift import backward as shift_backward
from gradcheck import derivation, options, positive_definite


@options(output="l", sizes=right.SMALL)
@derivation(**DOMINANT)
def log_determinant(M, c):
    return right.log_determinant(M, c)


@log_determinant.gradient("M")
def transpose_lost(M, c):
    return np.linalg.inv(shift(M, c))


@options(output="l", sizes=right.SMALL)
@derivation(A=positive_definite("n n"))
def log_determinant_of_symmetric(A):
    return right.log_determinant_of_symmetric(A)


@log_determinant_of_symmetric.gradient
def off_diagonals_doubled(A):
    y = np.linalg.inv(A)
    return 2 * y - np.diag(np.diag(y))


@options(output="d", sizes=right.SMALL)
@derivation(**right.MODERATE)
def determinant(M, c):
    return right.determinant(M, c)


@determinant.vjp
def determinant_cancelled_as_in_the_logarithm(dd, M, c):
    return shift_backward(dd * np.linalg.inv(shift(M, c)).T)
