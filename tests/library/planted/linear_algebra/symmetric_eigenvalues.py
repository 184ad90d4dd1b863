"""Wrong versions of claims in ``derivations/linear_algebra/symmetric_eigenvalues.py``."""

import numpy as np

from derivations.linear_algebra import symmetric_eigenvalues as right
from gradcheck import derivation, options


@options(output="lam", sizes=right.SMALL)
@derivation(**right.APART)
def eigenvalues(M, c):
    return right.eigenvalues(M, c)


@eigenvalues.row("M")
def row_of_the_eigenvectors_for_their_column(M, c, j):
    q = np.linalg.eigh(right.separated(M, c)).eigenvectors[j]
    return np.outer(q, q)


@eigenvalues.vjp
def eigenvectors_transposed(dlam, M, c):
    Q = np.linalg.eigh(right.separated(M, c)).eigenvectors
    dA = (Q.T * dlam) @ Q
    return dA, np.arange(len(M)) @ np.diag(dA)
