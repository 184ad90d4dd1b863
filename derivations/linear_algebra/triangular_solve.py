r"""The solution of a triangular system, by substitution.

$$L X = B, \qquad dB = L^{-T} dX, \qquad dL = -\mathrm{tril}(dB\, X^T)$$

As for any system, but only the lower triangle of $L$ is looked at: what stands above the diagonal
is never read, so its gradient is 0, not what the general rule would give there.

$L$ is the lower triangle of $M + c I$ with $c$ as in ``diagonal_shift.py``.

Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", 2008.
"""

import numpy as np

from derivations.linear_algebra.diagonal_shift import DOMINANT, shift
from derivations.linear_algebra.diagonal_shift import backward as shift_backward
from derivations.linear_algebra.solve import gradients
from gradcheck import derivation, identity, options

SMALL = {"n": (1, 5), "m": (1, 3)}


def substitute(L, B):
    r"""$x_a = (b_a - \sum_{p < a} L_{ap} x_p) / L_{aa}$, row by row; shape ``(n, m)``."""
    X = np.zeros_like(B)
    for a in range(len(B)):
        X[a] = (B[a] - L[a, :a] @ X[:a]) / L[a, a]
    return X


@options(output="X", sizes=SMALL)
@derivation(**DOMINANT, B="n m")
def triangular_solve(M, c, B):
    r"""$X$ with $\mathrm{tril}(M + c I)\, X = B$: ``(n, n)``, a scalar, ``(n, m)``: ``(n, m)``."""
    return substitute(shift(M, c), B)


@triangular_solve.vjp
def backward(dX, M, c, X):
    r"""The gradients of ``M``, ``c`` and ``B``; the first is lower triangular."""
    dL, dB = gradients(dX, np.tril(shift(M, c)), X)
    return *shift_backward(np.tril(dL)), dB


@triangular_solve.jvp("B")
def forward_mode(dB, M, c):
    r"""$\dot X = L^{-1} \dot B$, shape ``(n, m)``: linear in the right side."""
    return substitute(shift(M, c), dB)


@options(sizes=SMALL)
@identity(**DOMINANT, B="n m")
def as_any_system(M, c, B):
    r"""Substitution solves what a general solver solves; ``(n, m)``."""
    return triangular_solve(M, c, B), np.linalg.solve(np.tril(shift(M, c)), B)


@options(sizes=SMALL)
@identity(**DOMINANT, dX="n m")
def backward_substitution(M, c, dX):
    r"""$L^T dB = dX$ is solved from the last row to the first; ``(n, m)``."""
    L = np.tril(shift(M, c))
    _, _, dB = backward(dX, M, c, np.zeros_like(dX))
    return L.T @ dB, dX
