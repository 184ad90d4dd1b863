"""Wrong versions of claims in ``derivations/networks/two_layer.py``."""

from derivations.linear import backward as linear_backward
from derivations.networks import two_layer as right
from derivations.softmax_cross_entropy import backward as softmax_cross_entropy_backward
from gradcheck import derivation, options


@options(output="l", sizes=right.SMALL)
@derivation(**right.NETWORK)
def two_layer(x, W1, b1, W2, b2, labels, decay):
    return right.two_layer(x, W1, b1, W2, b2, labels, decay)


@two_layer.vjp
def penalty_forgotten(dl, x, W1, b1, W2, b2, labels):
    return right.backward(dl, x, W1, b1, W2, b2, labels, 0.0)


@two_layer.vjp
def activation_skipped(dl, x, W1, b1, W2, b2, labels, decay):
    r, z = right.layers(x, W1, b1, W2, b2)
    _, _, _, dW2, db2 = right.backward(dl, x, W1, b1, W2, b2, labels, decay)
    dr, _, _ = linear_backward(softmax_cross_entropy_backward(dl, z, labels), r, W2)
    dx, dW1, db1 = linear_backward(dr, x, W1)
    return dx, dW1 + dl * decay * W1, db1, dW2, db2
