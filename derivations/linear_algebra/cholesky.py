r"""The Cholesky factor of a symmetric positive definite matrix.

$$A = L L^T, \qquad \dot L = L\, \Phi(L^{-1} \dot A\, L^{-T}), \qquad
dA = \tfrac12 (S + S^T), \quad S = L^{-T}\, \Phi(L^T dL)\, L^{-1}$$

$\Phi$ keeps the lower triangle and halves the diagonal. Source: I. Murray, "Differentiation of the
Cholesky decomposition", 2016 (arXiv 1602.07527).

The input is symmetric, so gradients are compared along symmetric directions alone.
"""

import numpy as np

from gradcheck import derivation, identity, measure_jvp, options, positive_definite, real

SMALL = {"n": (1, 5)}


def half_lower(X):
    r"""$\Phi(X)$: the lower triangle of ``X`` ``(n, n)`` with half of the diagonal."""
    return np.tril(X) - np.diag(np.diag(X)) / 2


@options(output="L", sizes=SMALL)
@derivation(A=positive_definite("n n"))
def cholesky(A):
    r"""$L$, lower triangular with a positive diagonal, shape ``(n, n)``."""
    return np.linalg.cholesky(A)


@cholesky.jvp
def forward_mode(dA, L):
    r"""$\dot L = L\, \Phi(L^{-1} \dot A\, L^{-T})$, shape ``(n, n)``, for a symmetric ``dA``."""
    half = np.linalg.solve(L, dA)
    return L @ half_lower(np.linalg.solve(L, half.T).T)


@cholesky.vjp
def backward(dL, L):
    r"""$dA = \frac12 (S + S^T)$ with $S = L^{-T} \Phi(L^T dL) L^{-1}$; all ``(n, n)``.

    What ``dL`` holds above the diagonal is multiplied by zeros: $L$ has nothing there.
    """
    half = np.linalg.solve(L.T, half_lower(L.T @ dL))
    S = np.linalg.solve(L.T, half.T).T
    return (S + S.T) / 2


@options(sizes=SMALL)
@identity(A=positive_definite("n n"))
def factorization(A):
    r"""$L L^T = A$, shape ``(n, n)``."""
    L = cholesky(A)
    return L @ L.T, A


@options(sizes=SMALL)
@identity(A=positive_definite("n n"), V=real("n n"))
def differentiated_definition(A, V):
    r"""$\dot L L^T + L \dot L^T = \dot A$: the equation that $\dot L$ solves; ``(n, n)``."""
    dA = V + V.T
    L = cholesky(A)
    dL = forward_mode(dA, L)
    return dL @ L.T + L @ dL.T, dA


@options(sizes=SMALL)
@identity(A=positive_definite("n n"), V=real("n n"))
def measured_tangent(A, V):
    r"""$\dot L$ as measured, along the symmetric $V + V^T$, and by the rule; ``(n, n)``."""
    dA = V + V.T
    return measure_jvp(cholesky, (A,), (dA,)), forward_mode(dA, cholesky(A))
