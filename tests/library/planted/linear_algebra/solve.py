"""Wrong versions of claims in ``derivations/linear_algebra/solve.py``."""

import numpy as np

from derivations.linear_algebra import solve as right
from derivations.linear_algebra.diagonal_shift import DOMINANT, shift
from derivations.linear_algebra.diagonal_shift import backward as shift_backward
from gradcheck import derivation, options


@options(output="X", sizes=right.SMALL)
@derivation(**DOMINANT, B="n m")
def solve(M, c, B):
    return right.solve(M, c, B)


@solve.vjp
def system_not_transposed(dX, M, c, X):
    dB = np.linalg.solve(shift(M, c), dX)
    return *shift_backward(-dB @ X.T), dB


@solve.vjp
def right_side_for_the_solution(dX, M, c, B):
    dB = np.linalg.solve(shift(M, c).T, dX)
    return *shift_backward(-dB @ B.T), dB


@solve.vjp
def sign_lost(dX, M, c, X):
    dA, dB = right.gradients(dX, shift(M, c), X)
    return *shift_backward(-dA), dB
