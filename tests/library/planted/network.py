"""Wrong versions of the claims in ``derivations/network.py``."""

import numpy as np

from derivations import network as right
from derivations.cross_entropy import dl_dq as cross_entropy_backward
from derivations.relu import relu, slope
from derivations.softmax import backward as softmax_backward
from derivations.squared_error import backward as squared_error_backward
from gradcheck import derivation, identity, integers, options, real

UNIT = {"low": -1, "high": 1}


@options(sizes=right.SMALL)
@derivation(x="d", W1="d h", W2="h k")
def network(x, W1, W2):
    return right.network(x, W1, W2)


@network.vjp
def rectifier_skipped(dy, x, W1, W2, y):
    dz = softmax_backward(dy, y)
    dp = dz @ W2.T
    return dp @ W1.T, np.outer(x, dp), np.outer(relu(x @ W1), dz)


@network.vjp
def pre_activation_for_activation(dy, x, W1, W2, y):
    dx, dW1, _ = right.backward(dy, x, W1, W2, y)
    return dx, dW1, np.outer(x @ W1, softmax_backward(dy, y))


@network.vjp
def mask_from_upstream(dy, x, W1, W2, y):
    dz = softmax_backward(dy, y)
    dr = dz @ W2.T
    dp = dr * slope(dr)
    return dp @ W1.T, np.outer(x, dp), np.outer(relu(x @ W1), dz)


@options(sizes=right.SMALL)
@derivation(
    x=real("d", **UNIT),
    W1=real("d h", **UNIT),
    W2=real("h k", **UNIT),
    label=integers(low=0, high="k"),
)
def cross_entropy_loss(x, W1, W2, label):
    return right.cross_entropy_loss(x, W1, W2, label)


@cross_entropy_loss.vjp
def sign_of_the_loss_lost(dl, x, W1, W2, label):
    y = right.network(x, W1, W2)
    dy = -cross_entropy_backward(dl, y, np.eye(len(y))[label])
    return right.backward(dy, x, W1, W2, y)


@cross_entropy_loss.vjp
def fused_gradient_through_softmax_again(dl, x, W1, W2, label):
    y = right.network(x, W1, W2)
    return right.backward(dl * (y - np.eye(len(y))[label]), x, W1, W2, y)


@options(sizes=right.SMALL)
@derivation(x="d", W1="d h", W2="h k", t=real("k", differentiate=False))
def squared_error_loss(x, W1, W2, t):
    return right.squared_error_loss(x, W1, W2, t)


@squared_error_loss.vjp
def softmax_skipped(dl, x, W1, W2, t):
    dz, _ = squared_error_backward(dl, right.network(x, W1, W2), t)
    p = x @ W1
    dp = dz @ W2.T * slope(p)
    return dp @ W1.T, np.outer(x, dp), np.outer(relu(p), dz)


@identity(x=integers("d", low=-1, high=2), W1=integers("d h", low=-1, high=2), W2="h k", dy="k")
def one_at_the_kink(x, W1, W2, dy):
    y = right.network(x, W1, W2)
    dr = softmax_backward(dy, y) @ W2.T
    return (dr * (x @ W1 >= 0)) @ W1.T, right.backward(dy, x, W1, W2, y)[0]
