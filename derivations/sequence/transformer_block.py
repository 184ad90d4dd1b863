r"""A transformer block: causal self-attention and a two-layer network, each normalized and added.

$$A = X + \mathrm{heads}(\mathrm{norm}_1(X)), \qquad
Y = A + \mathrm{gelu}(\mathrm{norm}_2(A)\, V_1 + c_1)\, V_2 + c_2$$

The normalization stands in front of each branch ("pre-norm"), so that a path from end to end has
nothing but additions on it: $dA = dY + \dots$ and $dX = dA + \dots$, and no depth lets it vanish.
Every step backward is the rule of a layer.

Source: A. Radford et al., "Language models are unsupervised multitask learners", 2019; R. Xiong et
al., "On layer normalization in the transformer architecture", 2020.
"""

import numpy as np

from derivations.activations.gelu_tanh import backward as gelu_backward
from derivations.activations.gelu_tanh import gelu_tanh
from derivations.linear import backward as linear_backward
from derivations.linear import linear
from derivations.normalization.layer_norm import backward as norm_backward
from derivations.normalization.layer_norm import layer_norm
from derivations.sequence.multi_head_attention import backward as heads_backward
from derivations.sequence.multi_head_attention import multi_head_attention
from gradcheck import derivation, identity, measure_jvp, options, real

SMALL = {"n": (1, 3), "d": (1, 3), "h": (1, 2), "e": (1, 2), "m": (1, 3)}
# As in a network that is trained: with weights of 1e6 one branch drowns the other, and attention
# and gelu are steps; the layers are checked at every scale by themselves.
TRAINED = {"low": -3, "high": 3}
BLOCK = {
    "X": real("n d", **TRAINED),
    "gamma1": real("d", **TRAINED),
    "beta1": real("d", **TRAINED),
    "WQ": real("h d e", **TRAINED),
    "WK": real("h d e", **TRAINED),
    "WV": real("h d e", **TRAINED),
    "WO": real("h e d", **TRAINED),
    "gamma2": real("d", **TRAINED),
    "beta2": real("d", **TRAINED),
    "V1": real("d m", **TRAINED),
    "c1": real("m", **TRAINED),
    "V2": real("m d", **TRAINED),
    "c2": real("d", **TRAINED),
}


def attend(X, gamma1, beta1, WQ, WK, WV, WO):
    r"""$A$, shape ``(n, d)``: the first half."""
    return X + multi_head_attention(layer_norm(X, gamma1, beta1), WQ, WK, WV, WO, causal=True)


@options(output="Y", sizes=SMALL)
@derivation(**BLOCK)
def transformer_block(X, gamma1, beta1, WQ, WK, WV, WO, gamma2, beta2, V1, c1, V2, c2):
    r"""``X`` ``(n, d)``, a row a position, gives ``(n, d)``."""
    A = attend(X, gamma1, beta1, WQ, WK, WV, WO)
    return A + linear(gelu_tanh(linear(layer_norm(A, gamma2, beta2), V1, c1)), V2, c2)


@transformer_block.vjp
def backward(dY, X, gamma1, beta1, WQ, WK, WV, WO, gamma2, beta2, V1, c1, V2):
    r"""The gradients of all thirteen inputs, in order and in their shapes."""
    N = layer_norm(X, gamma1, beta1)
    A = X + multi_head_attention(N, WQ, WK, WV, WO, causal=True)
    M = layer_norm(A, gamma2, beta2)
    p = linear(M, V1, c1)
    dr, dV2, dc2 = linear_backward(dY, gelu_tanh(p), V2)
    dM, dV1, dc1 = linear_backward(gelu_backward(dr, p), M, V1)
    through, dgamma2, dbeta2 = norm_backward(dM, A, gamma2)
    dA = dY + through
    dN, *dheads = heads_backward(dA, N, WQ, WK, WV, WO, causal=True)
    through, dgamma1, dbeta1 = norm_backward(dN, X, gamma1)
    dX = dA + through
    return dX, dgamma1, dbeta1, *dheads, dgamma2, dbeta2, dV1, dc1, dV2, dc2


@options(sizes=SMALL)
@identity(**BLOCK, dY="n d")
def nothing_but_additions(X, gamma1, beta1, WQ, WK, WV, WO, gamma2, beta2, V1, c1, V2, c2, dY):
    r"""With both branches shut, $W_O = 0$ and $V_2 = 0$, $dX = dY$; ``(n, d)``."""
    shut = (gamma1, beta1, WQ, WK, WV, 0 * WO, gamma2, beta2, V1, c1, 0 * V2)
    return backward(dY, X, *shut)[0], dY


@options(sizes=SMALL | {"n": (2, 3)})
@identity(**BLOCK, v=real("d", **TRAINED))
def the_future_is_not_seen(X, gamma1, beta1, WQ, WK, WV, WO, gamma2, beta2, V1, c1, V2, c2, v):
    r"""Moving the last position moves no other one: a measured 0, shape ``(n - 1, d)``."""
    weights = (gamma1, beta1, WQ, WK, WV, WO, gamma2, beta2, V1, c1, V2, c2)
    moved = np.zeros_like(X)
    moved[-1] = v
    others = measure_jvp(lambda X: transformer_block(X, *weights)[:-1], (X,), (moved,))
    return others, np.zeros_like(X[:-1])
