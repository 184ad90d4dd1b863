r"""Multi-head self-attention: several attentions side by side, each in a space of its own.

$$Y = \sum_{s=1}^{h} \mathrm{attention}(X W^Q_s,\, X W^K_s,\, X W^V_s)\, W^O_s$$

The textbook concatenates the heads and multiplies with one matrix; a sum over heads, each with its
block of rows of that matrix, is the same thing and needs no reshaping. $X$ is used three times a
head: its gradient is the sum of all of them.

Source: A. Vaswani et al., "Attention is all you need", 2017, section 3.2.2.
"""

import numpy as np

from derivations.sequence.attention import gradients, probabilities
from gradcheck import derivation, identity, options

SMALL = {"h": (1, 2), "n": (1, 3), "d": (1, 3), "e": (1, 2)}
WEIGHTS = {"X": "n d", "WQ": "h d e", "WK": "h d e", "WV": "h d e", "WO": "h e d"}


def heads(X, WQ, WK, WV, causal):
    """Queries, keys, values ``(h, n, e)`` and probabilities ``(h, n, n)``."""
    Q, K, V = X @ WQ, X @ WK, X @ WV
    allowed = np.tri(len(X), dtype=bool) if causal else None
    return Q, K, V, probabilities(Q, K, allowed)


@options(output="Y", sizes=SMALL)
@derivation(**WEIGHTS)
def multi_head_attention(X, WQ, WK, WV, WO, causal=False):
    r"""``(n, d)`` and weights ``(h, d, e)``, ``(h, e, d)`` give ``(n, d)``."""
    _, _, V, P = heads(X, WQ, WK, WV, causal)
    return (P @ V @ WO).sum(axis=0)


@multi_head_attention.vjp
def backward(dY, X, WQ, WK, WV, WO, causal=False):
    r"""The gradients of ``X, WQ, WK, WV, WO``, in their shapes."""
    Q, K, V, P = heads(X, WQ, WK, WV, causal)
    dWO = np.swapaxes(P @ V, 1, 2) @ dY
    dhead = dY @ np.swapaxes(WO, 1, 2)
    dQ, dK, dV = gradients(dhead, Q, K, V, P)
    dX = sum((d @ np.swapaxes(W, 1, 2)).sum(axis=0) for d, W in ((dQ, WQ), (dK, WK), (dV, WV)))
    return dX, X.T @ dQ, X.T @ dK, X.T @ dV, dWO


@options(sizes=SMALL)
@identity(**WEIGHTS)
def concatenated_heads(X, WQ, WK, WV, WO):
    r"""$[\text{head}_1, \dots, \text{head}_h]\, W^O$ with $W^O$ ``(h e, d)``; ``(n, d)``."""
    _, _, V, P = heads(X, WQ, WK, WV, causal=False)
    side_by_side = np.concatenate(list(P @ V), axis=1)
    stacked = WO.reshape(-1, WO.shape[2])
    return multi_head_attention(X, WQ, WK, WV, WO), side_by_side @ stacked


@options(sizes=SMALL)
@identity(**WEIGHTS, dY="n d")
def causal_heads(X, WQ, WK, WV, WO, dY):
    r"""$dX$ of the last position has no share through keys and values of others; ``(d,)``.

    Nobody but the last position sees it: with a cotangent for the others alone it gets nothing.
    """
    dY = np.concatenate([dY[:-1], np.zeros_like(dY[:1])])
    return backward(dY, X, WQ, WK, WV, WO, causal=True)[0][-1], np.zeros(X.shape[1])
