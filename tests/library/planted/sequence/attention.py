"""Wrong versions of claims in ``derivations/sequence/attention.py``."""

import numpy as np

from derivations.sequence import attention as right
from gradcheck import boolean, derivation, options


@options(output="Y", sizes=right.SMALL)
@derivation(**right.BATCHED)
def attention(Q, K, V):
    return right.attention(Q, K, V)


@attention.vjp
def scale_forgotten(dY, Q, K, V):
    dQ, dK, dV = right.backward(dY, Q, K, V)
    return dQ * np.sqrt(Q.shape[-1]), dK * np.sqrt(Q.shape[-1]), dV


@attention.vjp
def diagonal_of_the_softmax_only(dY, Q, K, V):
    P = right.probabilities(Q, K)
    dS = P * (1 - P) * (dY @ right.transposed(V)) / np.sqrt(Q.shape[-1])
    return dS @ K, right.transposed(dS) @ Q, right.transposed(P) @ dY


@options(output="Y", sizes=right.SMALL)
@derivation(**right.ONE, allowed=boolean("n m"))
def masked_attention(Q, K, V, allowed):
    return right.masked_attention(Q, K, V, allowed)


@masked_attention.vjp
def mask_forgotten(dY, Q, K, V):
    return right.backward(dY, Q, K, V)
