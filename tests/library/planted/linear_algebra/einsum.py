"""Wrong versions of claims in ``derivations/linear_algebra/einsum.py``."""

import numpy as np

from derivations.linear_algebra import einsum as right
from gradcheck import choice, derivation, options


@options(output="C", sizes=right.SQUARE)
@derivation(A="n n", B="n n", subscripts=choice(*right.SUBSCRIPTS))
def einsum(A, B, subscripts):
    return right.einsum(A, B, subscripts)


@einsum.vjp("A")
def always_the_rule_of_the_matrix_product(dC, A, B, subscripts):
    return np.asarray(dC) @ B.T if np.ndim(dC) == 2 else np.zeros_like(A)


@einsum.vjp("B")
def operands_exchanged(dC, A, B, subscripts):
    left, _, out = right.parts(subscripts)
    return np.einsum(f"{out},{left},{left}->{left}", dC, A, np.ones_like(A))
