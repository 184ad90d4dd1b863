"""Wrong versions of claims in ``derivations/linear_algebra/triangular_solve.py``."""

import numpy as np

from derivations.linear_algebra import triangular_solve as right
from derivations.linear_algebra.diagonal_shift import DOMINANT, shift
from derivations.linear_algebra.diagonal_shift import backward as shift_backward
from derivations.linear_algebra.solve import gradients
from gradcheck import derivation, options


@options(output="X", sizes=right.SMALL)
@derivation(**DOMINANT, B="n m")
def triangular_solve(M, c, B):
    return right.triangular_solve(M, c, B)


@triangular_solve.vjp
def gradient_above_the_diagonal(dX, M, c, X):
    dL, dB = gradients(dX, np.tril(shift(M, c)), X)
    return *shift_backward(dL), dB
