r"""A network of two layers as it is trained: tanh, softmax with cross-entropy, and weight decay.

$$r = \tanh(x W_1 + b_1), \quad z = r W_2 + b_2, \quad
l = -\frac1N \sum_a \log \mathrm{softmax}(z_a)_{t_a} + \frac{\lambda}{2} (\|W_1\|^2 + \|W_2\|^2)$$

Nothing is derived anew: the backward pass calls the rules of the layers, last layer first, and
each rule is handed what the next one returned. The penalty adds $\lambda W$ to the weights, and
nothing to the biases.

Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986.
"""

import numpy as np

from derivations.activations.tanh import backward as tanh_backward
from derivations.activations.tanh import tanh
from derivations.linear import backward as linear_backward
from derivations.linear import linear
from derivations.optimization.l2_penalty import gradient as penalty_gradient
from derivations.optimization.l2_penalty import l2_penalty
from derivations.softmax_cross_entropy import backward as softmax_cross_entropy_backward
from derivations.softmax_cross_entropy import softmax_cross_entropy
from gradcheck import derivation, identity, integers, measure_jvp, options, real

SMALL = {"n": (1, 3), "d": (1, 3), "h": (1, 3), "k": (1, 3)}
# As in a network that is trained. With weights of 1e6 the penalty is 1e12, in which all digits of
# the cross-entropy are lost, and tanh lets nothing through; the layers are checked at every scale.
TRAINED = {"low": -2, "high": 2}
NETWORK = {
    "x": real("n d", **TRAINED),
    "W1": real("d h", **TRAINED),
    "b1": real("h", **TRAINED),
    "W2": real("h k", **TRAINED),
    "b2": real("k", **TRAINED),
    "labels": integers("n", low=0, high="k"),
    "decay": real(low=0, high=1, differentiate=False),
}


def layers(x, W1, b1, W2, b2):
    """What each layer hands on: the hidden row ``(n, h)`` and the scores ``(n, k)``."""
    r = tanh(linear(x, W1, b1))
    return r, linear(r, W2, b2)


@options(output="l", sizes=SMALL)
@derivation(**NETWORK)
def two_layer(x, W1, b1, W2, b2, labels, decay):
    r"""$l$, a scalar; ``labels`` ``(n,)`` lie below $k$, ``decay`` is $\lambda$."""
    _, z = layers(x, W1, b1, W2, b2)
    penalty = l2_penalty(W1.ravel(), decay) + l2_penalty(W2.ravel(), decay)
    return softmax_cross_entropy(z, labels) + penalty


@two_layer.vjp
def backward(dl, x, W1, b1, W2, b2, labels, decay):
    r"""The gradients of ``x, W1, b1, W2, b2``, in their shapes."""
    r, z = layers(x, W1, b1, W2, b2)
    dz = softmax_cross_entropy_backward(dl, z, labels)
    dr, dW2, db2 = linear_backward(dz, r, W2)
    dp = tanh_backward(dr, r)
    dx, dW1, db1 = linear_backward(dp, x, W1)
    return (
        dx,
        dW1 + dl * penalty_gradient(W1, decay),
        db1,
        dW2 + dl * penalty_gradient(W2, decay),
        db2,
    )


@two_layer.gradient("b2")
def gradient_of_the_last_bias(x, W1, b1, W2, b2, labels):
    r"""$\frac1N \sum_a (y_a - t_a)$, shape ``(k,)``: where it is 0, the classes are balanced."""
    _, z = layers(x, W1, b1, W2, b2)
    return softmax_cross_entropy_backward(1.0, z, labels).sum(axis=0)


@options(sizes=SMALL)
@identity(**{name: kind for name, kind in NETWORK.items() if name != "decay"})
def gradient_of_the_last_bias_sums_to_zero(x, W1, b1, W2, b2, labels):
    r"""The same added to all scores changes nothing: $\sum_j (\partial l/\partial b_2)_j = 0$."""
    db2 = backward(1.0, x, W1, b1, W2, b2, labels, 0.0)[-1]
    return db2.sum(), 0.0


@options(sizes=SMALL)
@identity(**NETWORK, V="d h")
def written_out(x, W1, b1, W2, b2, labels, decay, V):
    r"""The derivation as on paper, for $W_1$ in a direction ``V``; three scalars.

    $$\Big\langle \frac{\partial l}{\partial W_1}, V \Big\rangle = \Big\langle
    x^T \Big( \frac{y - t}{N} W_2^T \odot (1 - r \odot r) \Big) + \lambda W_1, V \Big\rangle$$
    """
    r, z = layers(x, W1, b1, W2, b2)
    dz = softmax_cross_entropy_backward(1.0, z, labels)
    one_line = x.T @ ((dz @ W2.T) * (1 - r * r)) + decay * W1
    rest = (b1, W2, b2, labels, decay)
    return (
        measure_jvp(lambda W1: two_layer(x, W1, *rest), (W1,), (V,)),
        np.sum(one_line * V),
        np.sum(backward(1.0, x, W1, *rest)[1] * V),
    )
