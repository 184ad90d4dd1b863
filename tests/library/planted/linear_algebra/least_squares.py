"""Wrong versions of claims in ``derivations/linear_algebra/least_squares.py``."""

import numpy as np

from derivations.linear_algebra import least_squares as right
from gradcheck import derivation, options


@options(output="w", sizes=right.SMALL)
@derivation(**right.PROBLEM)
def least_squares(X, t, penalty):
    return right.least_squares(X, t, penalty)


@least_squares.vjp
def matrix_taken_for_a_constant(dw, X, t, penalty, w):
    _, dt, dpenalty = right.backward(dw, X, t, penalty, w)
    u = np.linalg.solve(right.normal_matrix(X, penalty), dw)
    return np.outer(t, u), dt, dpenalty
