r"""A network of any number of layers, its weights in a list.

$$r_0 = x, \qquad r_s = \tanh(r_{s-1} W_s), \quad s = 1, \dots, t, \qquad
dW_s = r_{s-1}^T \big( dr_s \odot (1 - r_s^2) \big)$$

The backward pass is a loop in the other direction, and the gradient of a list is a list. All layers
are $h$ wide, so that any number of them fits.

Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986.
"""

import numpy as np

from gradcheck import arrays, derivation, identity, options, real

SMALL = {"t": (1, 4), "n": (1, 3), "h": (1, 3)}
NETWORK = {"x": "n h", "weights": arrays(real("h h"), count="t")}


def activations(x, weights):
    """$r_0, \\dots, r_t$, each ``(n, h)``."""
    found = [x]
    for W in weights:
        found.append(np.tanh(found[-1] @ W))
    return found


@options(output="r", sizes=SMALL)
@derivation(**NETWORK)
def deep(x, weights):
    r"""$r_t$, shape ``(n, h)``, of ``x`` ``(n, h)`` and $t$ matrices ``(h, h)``."""
    return activations(x, weights)[-1]


@deep.vjp
def backward(dr, x, weights):
    r"""$dx$ ``(n, h)`` and a list of $t$ gradients ``(h, h)``, in the order of the layers."""
    before = activations(x, weights)
    dweights = []
    for s in range(len(weights) - 1, -1, -1):
        dp = dr * (1 - before[s + 1] ** 2)
        dweights.insert(0, before[s].T @ dp)
        dr = dp @ weights[s].T
    return dr, dweights


@deep.jvp("x")
def forward_mode(dx, x, weights):
    r"""$\dot r_s = \dot r_{s-1} W_s \odot (1 - r_s^2)$, shape ``(n, h)``: the same way round."""
    for W, r in zip(weights, activations(x, weights)[1:], strict=True):
        dx = (dx @ W) * (1 - r * r)
    return dx


@options(sizes=SMALL)
@identity(**NETWORK, dr="n h", v="n h")
def forwards_or_backwards(x, weights, dr, v):
    r"""$\langle dr, J v \rangle = \langle J^T dr, v \rangle$: two scalars, one product of matrices.

    Multiplied from the right it is forward mode, from the left backward mode.
    """
    return (dr * forward_mode(v, x, weights)).sum(), (backward(dr, x, weights)[0] * v).sum()


@options(sizes=SMALL)
@identity(**NETWORK, dr="n h")
def network_of_networks(x, weights, dr):
    r"""$dx$ of the rest is handed on to the first layers as their cotangent; ``(n, h)``."""
    half = len(weights) // 2
    middle = deep(x, weights[:half])
    dmiddle, _ = backward(dr, middle, weights[half:])
    return backward(dr, x, weights)[0], backward(dmiddle, x, weights[:half])[0]
