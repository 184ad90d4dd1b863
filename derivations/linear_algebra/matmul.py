r"""The product of two matrices: the rule from which half of all backward passes are made.

$$C_{ab} = \sum_q A_{aq} B_{qb}, \qquad dA = dC\, B^T, \qquad dB = A^T dC$$

Source: M. Giles, "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation", 2008, section 2.2.
"""

import numpy as np

from gradcheck import derivation, identity, measure_jvp, options


@options(output="C")
@derivation(A="n d", B="d m")
def matmul(A, B):
    r"""$C = A B$: ``(n, d)`` and ``(d, m)`` give ``(n, m)``."""
    return A @ B


@matmul.partial("A")
def entry_of_left(B, i, j):
    r"""$\partial C_{ab} / \partial A_{pq} = \delta_{ap} B_{qb}$, a scalar; row $a$ sees row $a$."""
    (p, q), (a, b) = i, j
    return float(a == p) * B[q, b]


@matmul.partial("B")
def entry_of_right(A, i, j):
    r"""$\partial C_{ab} / \partial B_{pq} = A_{ap} \delta_{bq}$, a scalar."""
    (p, q), (a, b) = i, j
    return A[a, p] * float(b == q)


@matmul.column("A")
def column_of_left(A, B, i):
    r"""$\partial C / \partial A_{pq} = e_p B_q$, shape ``(n, m)``: row $q$ of $B$ in row $p$."""
    p, q = i
    dC = np.zeros((len(A), B.shape[1]))
    dC[p] = B[q]
    return dC


@matmul.row("B")
def row_of_right(A, B, j):
    r"""$\partial C_{ab} / \partial B = A_a^T e_b$, shape ``(d, m)``: $A_a$ as column $b$."""
    a, b = j
    dB = np.zeros_like(B)
    dB[:, b] = A[a]
    return dB


@matmul.jacobian("A")
def jacobian_of_left(A, B):
    r"""$J_{abpq} = \delta_{ap} B_{qb}$, shape ``(n, m, n, d)``."""
    return np.einsum("ap,qb->abpq", np.eye(len(A)), B)


@matmul.vjp("A")
def left(dC, B):
    r"""$dA_{pq} = \sum_b dC_{pb} B_{qb}$, so $dA = dC\, B^T$, shape ``(n, d)``."""
    return dC @ B.T


@matmul.vjp("B")
def right(dC, A):
    r"""$dB_{pq} = \sum_a A_{ap}\, dC_{aq}$, so $dB = A^T dC$, shape ``(d, m)``."""
    return A.T @ dC


@matmul.vjp
def backward(dC, A, B):
    r"""Both together, ``(n, d)`` and ``(d, m)`` from ``dC`` ``(n, m)``."""
    return left(dC, B), right(dC, A)


@matmul.jvp
def forward_mode(dA, dB, A, B):
    r"""$\dot C = \dot A B + A \dot B$, shape ``(n, m)``: the product rule, order kept."""
    return dA @ B + A @ dB


@identity(A="n d", B="d m")
def kronecker(A, B):
    r"""$J_A = I_n \otimes B^T$ when matrices are read row by row, shape ``(n m, n d)``."""
    n, m, d = len(A), B.shape[1], len(B)
    return jacobian_of_left(A, B).reshape(n * m, n * d), np.kron(np.eye(n), B.T)


@identity(A="n d", B="d m", dC="n m", V="n d")
def trace_derivation(A, B, dC, V):
    r"""How the rule is found: four scalars, in a direction ``V`` of $A$.

    $$\langle dC, \dot C \rangle = \mathrm{tr}(dC^T V B) = \mathrm{tr}(B\, dC^T V)
    = \langle dC\, B^T, V \rangle$$
    """
    return (
        measure_jvp(lambda A: (dC * matmul(A, B)).sum(), (A,), (V,)),
        np.trace(dC.T @ V @ B),
        np.trace(B @ dC.T @ V),
        (left(dC, B) * V).sum(),
    )
