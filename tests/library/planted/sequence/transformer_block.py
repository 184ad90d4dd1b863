"""Wrong versions of claims in ``derivations/sequence/transformer_block.py``."""

from derivations.sequence import transformer_block as right
from gradcheck import derivation, options


@options(output="Y", sizes=right.SMALL)
@derivation(**right.BLOCK)
def transformer_block(X, gamma1, beta1, WQ, WK, WV, WO, gamma2, beta2, V1, c1, V2, c2):
    return right.transformer_block(X, gamma1, beta1, WQ, WK, WV, WO, gamma2, beta2, V1, c1, V2, c2)


@transformer_block.vjp
def residual_of_the_block_forgotten(
    dY, X, gamma1, beta1, WQ, WK, WV, WO, gamma2, beta2, V1, c1, V2
):
    dX, *others = right.backward(dY, X, gamma1, beta1, WQ, WK, WV, WO, gamma2, beta2, V1, c1, V2)
    return dX - dY, *others
