r"""The logarithm of a determinant, as in the density of a Gaussian or a normalizing flow.

$$l = \log |\det A|, \qquad \frac{\partial l}{\partial A} = A^{-T}, \qquad
\frac{\partial^2 l}{\partial A_{ab}\, \partial A_{pq}} = -(A^{-1})_{qa} (A^{-1})_{bp}$$

From Jacobi's formula, $\partial \det A / \partial A = \det(A)\, A^{-T}$: the determinant cancels.
Computed from a factorization, never as ``log(det(A))``: the determinant over- and underflows where
its logarithm is a moderate number. Source: M. Giles, 2008 (see ``matmul.py``), section 2.2.4.
"""

import numpy as np

from derivations.linear_algebra.diagonal_shift import DOMINANT, row_sum, shift
from derivations.linear_algebra.diagonal_shift import backward as shift_backward
from gradcheck import derivation, identity, options, positive_definite, real

SMALL = {"n": (1, 5)}
# Entries of a few units, so that the determinant itself neither over- nor underflows.
MODERATE = {
    "M": real("n n", low=-1, high=1),
    "c": real(low=lambda M: 1 + 2 * row_sum(M), high=lambda M: 3 + 4 * row_sum(M)),
}


@options(output="l", sizes=SMALL)
@derivation(**DOMINANT)
def log_determinant(M, c):
    r"""$l = \log |\det (M + c I)|$, a scalar."""
    return np.linalg.slogdet(shift(M, c)).logabsdet


@log_determinant.gradient("M")
def gradient(M, c):
    r"""$\partial l / \partial M = A^{-T}$, shape ``(n, n)``: a transpose, easily lost."""
    return np.linalg.inv(shift(M, c)).T


@log_determinant.hessian("M")
def hessian(M, c):
    r"""$-(A^{-1})_{qa} (A^{-1})_{bp}$, shape ``(n, n, n, n)``: the rule of the inverse."""
    y = np.linalg.inv(shift(M, c))
    return -np.einsum("qa,bp->abpq", y, y)


@log_determinant.vjp
def backward(dl, M, c):
    r"""$dM = dl\, A^{-T}$ ``(n, n)`` and $dc = dl\, \mathrm{tr}(A^{-1})$, scalars ``dl``, $dc$."""
    return shift_backward(dl * np.linalg.inv(shift(M, c)).T)


@options(output="l", sizes=SMALL)
@derivation(A=positive_definite("n n"))
def log_determinant_of_symmetric(A):
    r"""$l = 2 \sum_a \log L_{aa}$ with $A = L L^T$: by Cholesky, ``A`` is ``(n, n)``."""
    return 2 * np.log(np.diag(np.linalg.cholesky(A))).sum()


@log_determinant_of_symmetric.gradient
def gradient_of_symmetric(A):
    r"""$A^{-1}$, shape ``(n, n)``; symmetric, so that no transpose is needed."""
    return np.linalg.inv(A)


@options(output="d", sizes=SMALL)
@derivation(**MODERATE)
def determinant(M, c):
    r"""$d = \det (M + c I)$, a scalar."""
    return np.linalg.det(shift(M, c))


@determinant.vjp
def jacobis_formula(dd, M, c, d):
    r"""$dM = dd\, \det(A)\, A^{-T}$ ``(n, n)``, and its trace for ``c``."""
    return shift_backward(dd * d * np.linalg.inv(shift(M, c)).T)


@options(sizes=SMALL)
@identity(**MODERATE)
def textbook_form(M, c):
    r"""$\log |\det A|$ by factorization and as written, where that does not overflow; a scalar."""
    return log_determinant(M, c), np.log(np.abs(determinant(M, c)))


@options(sizes=SMALL)
@identity(A=positive_definite("n n"))
def three_factorizations(A):
    r"""$2 \sum \log L_{aa} = \sum \log \lambda_a = \log |\det A|$: three scalars."""
    return (
        log_determinant_of_symmetric(A),
        np.log(np.linalg.eigvalsh(A)).sum(),
        np.linalg.slogdet(A).logabsdet,
    )
