r"""The eigenvalues of a symmetric matrix, where they are distinct.

$$A q_k = \lambda_k q_k, \qquad \frac{\partial \lambda_k}{\partial A} = q_k q_k^T, \qquad
dA = Q\, \mathrm{diag}(d\lambda)\, Q^T$$

At first order the eigenvectors do not matter: $q_k^T q_k = 1$ gives $q_k^T \dot q_k = 0$ (in
physics the Hellmann-Feynman theorem). Where two eigenvalues meet, sorting them makes a kink.

$A = \frac12 (M + M^T) + c\, \mathrm{diag}(0, 1, \dots)$ with $c$ beyond four times the largest row
sum of $|M|$ and of $|M^T|$: the discs of Gershgorin are apart, so the eigenvalues are distinct.

Magnus, "On differentiating eigenvalues and eigenvectors", 1985.
"""

import numpy as np

from derivations.linear_algebra.diagonal_shift import row_sum
from gradcheck import derivation, identity, measure_jvp, options, real

SMALL = {"n": (1, 5)}


def spread(M):
    """What keeps the discs apart: four times the larger of the row sums, and 1."""
    return 1 + 4 * max(row_sum(M), row_sum(M.T))


APART = {"M": real("n n"), "c": real(low=spread, high=lambda M: 2 * spread(M))}


def separated(M, c):
    r"""$A = \frac12 (M + M^T) + c\, \mathrm{diag}(0, 1, \dots, n - 1)$, shape ``(n, n)``."""
    return (M + M.T) / 2 + c * np.diag(np.arange(len(M)))


@options(output="lam", sizes=SMALL)
@derivation(**APART)
def eigenvalues(M, c):
    r"""$\lambda_1 < \dots < \lambda_n$ of $A$, shape ``(n,)``."""
    return np.linalg.eigvalsh(separated(M, c))


@eigenvalues.row("M")
def row(M, c, j):
    r"""$\partial \lambda_k / \partial M = q_k q_k^T$, shape ``(n, n)``: symmetric already."""
    q = np.linalg.eigh(separated(M, c)).eigenvectors[:, j]
    return np.outer(q, q)


@eigenvalues.jacobian("c")
def slope_of_the_spread(M, c):
    r"""$\partial \lambda_k / \partial c = \sum_a a\, q_{ak}^2$, shape ``(n,)``."""
    Q = np.linalg.eigh(separated(M, c)).eigenvectors
    return np.arange(len(M)) @ Q**2


@eigenvalues.vjp
def backward(dlam, M, c):
    r"""$dM = Q\, \mathrm{diag}(d\lambda)\, Q^T$ ``(n, n)`` and $dc = \sum_a a\, dM_{aa}$."""
    Q = np.linalg.eigh(separated(M, c)).eigenvectors
    dA = (Q * dlam) @ Q.T
    return dA, np.arange(len(M)) @ np.diag(dA)


@eigenvalues.jvp
def forward_mode(dM, dc, M, c):
    r"""$\dot \lambda_k = q_k^T \dot A\, q_k$, shape ``(n,)``."""
    Q = np.linalg.eigh(separated(M, c)).eigenvectors
    return np.einsum("ak,ab,bk->k", Q, separated(dM, dc), Q)


@options(sizes=SMALL)
@identity(**APART)
def sum_is_the_trace(M, c):
    r"""$\sum_k \lambda_k = \mathrm{tr}(A)$: two scalars."""
    return eigenvalues(M, c).sum(), np.trace(separated(M, c))


@options(sizes=SMALL)
@identity(**APART)
def projectors_sum_to_one(M, c):
    r"""$\sum_k \partial \lambda_k / \partial M = \sum_k q_k q_k^T = I$, shape ``(n, n)``.

    It is the gradient of the trace.
    """
    return sum(row(M, c, k) for k in range(len(M))), np.eye(len(M))


@options(sizes=SMALL)
@identity(**APART, V="n n")
def skew_parts_do_nothing(M, c, V):
    r"""Along $V - V^T$ nothing moves: only the symmetric part of $M$ is in $A$; ``(n,)``."""
    return measure_jvp(lambda M: eigenvalues(M, c), (M,), (V - V.T,)), np.zeros(len(M))
