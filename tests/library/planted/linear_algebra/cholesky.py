"""Wrong versions of claims in ``derivations/linear_algebra/cholesky.py``."""

import numpy as np

from derivations.linear_algebra import cholesky as right
from gradcheck import derivation, options, positive_definite


@options(output="L", sizes=right.SMALL)
@derivation(A=positive_definite("n n"))
def cholesky(A):
    return right.cholesky(A)


@cholesky.jvp
def diagonal_not_halved(dA, L):
    half = np.linalg.solve(L, dA)
    return L @ np.tril(np.linalg.solve(L, half.T).T)


@cholesky.vjp
def factor_not_transposed(dL, L):
    half = np.linalg.solve(L.T, right.half_lower(L @ dL))
    S = np.linalg.solve(L.T, half.T).T
    return (S + S.T) / 2
