"""Wrong versions of claims in ``derivations/networks/three_layer.py``."""

from derivations.activations.silu import backward as silu_backward
from derivations.linear import backward as linear_backward
from derivations.networks import three_layer as right
from derivations.relu import backward as relu_backward
from derivations.squared_error import backward as squared_error_backward
from gradcheck import derivation, options


@options(output="l", sizes=right.SMALL)
@derivation(**right.NETWORK)
def three_layer(x, W1, b1, W2, b2, W3, b3, t):
    return right.three_layer(x, W1, b1, W2, b2, W3, b3, t)


@three_layer.vjp
def residual_path_forgotten(dl, x, W1, b1, W2, b2, W3, b3, t):
    _, _, _, *others = right.backward(dl, x, W1, b1, W2, b2, W3, b3, t)
    p1, r1, p2, _, q = right.layers(x, W1, b1, W2, b2, W3, b3)
    dq, _ = squared_error_backward(dl, q, t)
    through, _, _ = linear_backward(silu_backward(dq @ W3.T, p2), r1, W2)
    return *linear_backward(relu_backward(through, p1), x, W1), *others
