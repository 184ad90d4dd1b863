r"""Products of stacks of matrices, and of a stack with one matrix that all of it shares.

$$C_{sab} = \sum_q A_{saq} B_{sqb}, \qquad dA_s = dC_s B_s^T, \qquad dB_s = A_s^T dC_s$$

A matrix that is broadcast over the stack is used once a member, so its gradient is a sum over them.

Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", 2008.
"""

import numpy as np

from derivations.linear_algebra.matmul import backward as backward_of_one
from gradcheck import derivation, identity, options

SMALL = {"s": (1, 4), "n": (1, 4), "d": (1, 4), "m": (1, 4)}


def transposed(A):
    """The last two axes exchanged, which ``A.T`` does only without a batch axis."""
    return np.swapaxes(A, -1, -2)


@options(output="C")
@derivation(A="*batch n d", B="*batch d m")
def batched_matmul(A, B):
    r"""$C_s = A_s B_s$: ``(…, n, d)`` and ``(…, d, m)`` give ``(…, n, m)``."""
    return A @ B


@batched_matmul.vjp
def backward(dC, A, B):
    r"""$dA_s = dC_s B_s^T$ ``(…, n, d)`` and $dB_s = A_s^T dC_s$ ``(…, d, m)``."""
    return dC @ transposed(B), transposed(A) @ dC


@batched_matmul.jvp
def forward_mode(dA, dB, A, B):
    r"""$\dot C_s = \dot A_s B_s + A_s \dot B_s$, shape ``(…, n, m)``."""
    return dA @ B + A @ dB


@options(output="C", sizes=SMALL)
@derivation(A="s n d", B="d m")
def shared_matmul(A, B):
    r"""$C_s = A_s B$: one ``(d, m)`` for a stack ``(s, n, d)``; the result is ``(s, n, m)``."""
    return A @ B


@shared_matmul.vjp
def backward_of_shared(dC, A, B):
    r"""$dA_s = dC_s B^T$ ``(s, n, d)``, $dB = \sum_s A_s^T dC_s$ ``(d, m)``."""
    return dC @ B.T, (transposed(A) @ dC).sum(axis=0)


@options(output="C", sizes=SMALL)
@derivation(A="s 1 n d", B="t d m")
def broadcast_matmul(A, B):
    r"""Every member of $A$ with every member of $B$: ``(s, 1, n, d)``, ``(t, d, m)``."""
    return A @ B


@broadcast_matmul.vjp
def backward_of_broadcast(dC, A, B):
    r"""The axes along which an operand was repeated are summed over and kept at size 1.

    ``dC`` is ``(s, t, n, m)``; the results have the shapes of ``A`` and ``B``.
    """
    dA = (dC @ transposed(B)).sum(axis=1, keepdims=True)
    dB = (transposed(A) @ dC).sum(axis=0)
    return dA, dB


@options(sizes=SMALL)
@identity(A="s n d", B="s d m", dC="s n m")
def one_at_a_time(A, B, dC):
    r"""$dB$ of a stack is the stack of each one's, shape ``(s, d, m)``."""
    each = [backward_of_one(*member)[1] for member in zip(dC, A, B, strict=True)]
    return backward(dC, A, B)[1], np.stack(each)
