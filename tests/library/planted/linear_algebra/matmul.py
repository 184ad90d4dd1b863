"""Wrong versions of claims in ``derivations/linear_algebra/matmul.py``."""

from derivations.linear_algebra import matmul as right
from gradcheck import derivation, options


@options(output="C")
@derivation(A="n d", B="d m")
def matmul(A, B):
    return right.matmul(A, B)


@matmul.partial("A")
def column_for_row(B, i, j):
    (p, q), (_, b) = i, j
    return float(b == p) * B[q, b]


@matmul.vjp("A")
def not_transposed(dC, B):
    return dC @ B


@matmul.vjp
def order_of_the_product_reversed(dC, A, B):
    return dC @ B.T, dC.T @ A


@matmul.jvp
def second_term_of_the_product_rule_lost(dA, dB, B):
    return dA @ B
