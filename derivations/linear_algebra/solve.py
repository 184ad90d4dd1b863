r"""The solution of a linear system.

$$A X = B, \qquad dB = A^{-T} dX, \qquad dA = -dB\, X^T$$

From $\dot A X + A \dot X = \dot B$. The backward pass solves one system with the transposed
matrix; no inverse is formed. Source: M. Giles, 2008 (see ``matmul.py``), section 2.3.1.

$A = M + c I$ as in ``diagonal_shift.py``, well conditioned at every scale.
"""

import numpy as np

from derivations.linear_algebra.diagonal_shift import DOMINANT, shift
from derivations.linear_algebra.diagonal_shift import backward as shift_backward
from gradcheck import derivation, identity, options, positive_definite

SMALL = {"n": (1, 5), "m": (1, 3)}


def gradients(dX, A, X):
    r"""$dA$ ``(n, n)`` and $dB$ ``(n, m)`` from ``dX`` ``(n, m)``, for any regular ``A``."""
    dB = np.linalg.solve(A.T, dX)
    return -dB @ X.T, dB


@options(output="X", sizes=SMALL)
@derivation(**DOMINANT, B="n m")
def solve(M, c, B):
    r"""$X = (M + c I)^{-1} B$: ``(n, n)``, a scalar and ``(n, m)`` give ``(n, m)``."""
    return np.linalg.solve(shift(M, c), B)


@solve.vjp
def backward(dX, M, c, X):
    r"""The gradients of ``M``, ``c`` and ``B``: the rule of the system, then that of the shift."""
    dA, dB = gradients(dX, shift(M, c), X)
    return *shift_backward(dA), dB


@solve.jvp("B")
def forward_mode_of_B(dB, M, c):
    r"""$\dot X = A^{-1} \dot B$, shape ``(n, m)``: linear in the right side."""
    return np.linalg.solve(shift(M, c), dB)


@solve.jvp
def forward_mode(dM, dc, dB, M, c, X):
    r"""$\dot X = A^{-1} (\dot B - \dot A X)$ with $\dot A = \dot M + \dot c I$; ``(n, m)``."""
    return np.linalg.solve(shift(M, c), dB - dM @ X - dc * X)


@options(output="X", sizes=SMALL)
@derivation(A=positive_definite("n n"), B="n m")
def solve_symmetric(A, B):
    r"""The same for a symmetric positive definite ``A`` ``(n, n)``, as in least squares."""
    return np.linalg.solve(A, B)


@solve_symmetric.vjp
def backward_of_symmetric(dX, A, X):
    r"""$dA$ made symmetric, since only symmetric matrices are near: $(dA + dA^T) / 2$."""
    dA, dB = gradients(dX, A, X)
    return (dA + dA.T) / 2, dB


@options(sizes=SMALL)
@identity(**DOMINANT, B="n m")
def solves_the_system(M, c, B):
    r"""$A X = B$, shape ``(n, m)``."""
    return shift(M, c) @ solve(M, c, B), B


@options(sizes=SMALL)
@identity(**DOMINANT, B="n m", dX="n m")
def adjoint_system(M, c, B, dX):
    r"""$\langle dX, A^{-1} B \rangle = \langle A^{-T} dX, B \rangle$: two scalars."""
    A = shift(M, c)
    return (dX * solve(M, c, B)).sum(), (np.linalg.solve(A.T, dX) * B).sum()
