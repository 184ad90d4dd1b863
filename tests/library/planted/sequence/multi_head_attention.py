"""Wrong versions of claims in ``derivations/sequence/multi_head_attention.py``."""

import numpy as np

from derivations.sequence import multi_head_attention as right
from derivations.sequence.attention import gradients
from gradcheck import derivation, options


@options(output="Y", sizes=right.SMALL)
@derivation(**right.WEIGHTS)
def multi_head_attention(X, WQ, WK, WV, WO):
    return right.multi_head_attention(X, WQ, WK, WV, WO)


@multi_head_attention.vjp
def only_the_queries_use_the_input(dY, X, WQ, WK, WV, WO):
    _, *weights = right.backward(dY, X, WQ, WK, WV, WO)
    Q, K, V, P = right.heads(X, WQ, WK, WV, False)
    dQ, _, _ = gradients(dY @ np.swapaxes(WO, 1, 2), Q, K, V, P)
    return (dQ @ np.swapaxes(WQ, 1, 2)).sum(axis=0), *weights
