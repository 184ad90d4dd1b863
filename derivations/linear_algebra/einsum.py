r"""Einstein summation of two operands: one rule for products, traces, outer and inner products.

$$C_{\text{out}} = \sum A_{\text{left}} B_{\text{right}}, \qquad
dA_{\text{left}} = \sum dC_{\text{out}} B_{\text{right}}$$

Exchange an operand with the output. An index that only this operand has was summed away, so its
gradient is the same for every value of it: ones of its shape carry it.

Weak: an index must not occur twice in one operand (``"aa,ab->b"``): that reads a diagonal, and its
gradient is not a summation.

Laue, Mitterreiter and Giesen, "Computing higher order derivatives of matrix and tensor
expressions", 2018.
"""

import numpy as np

from gradcheck import choice, derivation, identity, options

SUBSCRIPTS = (
    "ab,bc->ac",  # the matrix product
    "ab,cb->ac",  # with the right one transposed
    "ab,bc->ca",  # with the result transposed
    "ab,ab->ab",  # entry by entry
    "ab,ab->a",  # inner products of rows
    "ab,ab->",  # the inner product of matrices
    "ab,bc->abc",  # nothing summed over
    "ab,bc->c",  # an index of the left one alone summed away
    "ab,cd->ad",  # one of each
)
SQUARE = {"n": (1, 4)}


@options(output="C", sizes=SQUARE)
@derivation(A="n n", B="n n", subscripts=choice(*SUBSCRIPTS))
def einsum(A, B, subscripts):
    r"""The summation that ``subscripts`` spell out; all sizes are ``n``, so that each fits."""
    return np.einsum(subscripts, A, B)


def parts(subscripts):
    """The indices of the left operand, of the right one, and of the output."""
    operands, out = subscripts.split("->")
    return *operands.split(","), out


@einsum.vjp("A")
def left_gradient(dC, A, B, subscripts):
    r"""$dA = \mathrm{einsum}(\text{out}, \text{right} \to \text{left})$, the shape of ``A``."""
    left, right, out = parts(subscripts)
    return np.einsum(f"{out},{right},{left}->{left}", dC, B, np.ones_like(A))


@einsum.vjp("B")
def right_gradient(dC, A, B, subscripts):
    r"""$dB = \mathrm{einsum}(\text{out}, \text{left} \to \text{right})$, the shape of ``B``."""
    left, right, out = parts(subscripts)
    return np.einsum(f"{out},{left},{right}->{right}", dC, A, np.ones_like(B))


@einsum.jvp
def forward_mode(dA, dB, A, B, subscripts):
    r"""$\dot C = \mathrm{einsum}(\dot A, B) + \mathrm{einsum}(A, \dot B)$: linear in each."""
    return np.einsum(subscripts, dA, B) + np.einsum(subscripts, A, dB)


@identity(A="n d", B="d m", dC="n m")
def rule_of_the_matrix_product(A, B, dC):
    r"""$dB$ of ``ab,bc->ac`` is $A^T dC$, shape ``(d, m)``."""
    return right_gradient(dC, A, B, "ab,bc->ac"), A.T @ dC


@identity(A="n d", B="m d", dC="n m")
def rule_of_the_product_with_a_transpose(A, B, dC):
    r"""$dB$ of $C = A B^T$ is $dC^T A$, shape ``(m, d)``."""
    return right_gradient(dC, A, B, "ab,cb->ac"), dC.T @ A
