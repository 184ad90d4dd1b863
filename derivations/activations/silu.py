r"""The sigmoid-weighted linear unit, also called swish.

$$y = x\, \sigma(x), \qquad \frac{\partial y_j}{\partial x_i}
= \delta_{ij} \big( \sigma(x_i) + x_i\, \sigma(x_i) (1 - \sigma(x_i)) \big)
= \delta_{ij} \big( y_i + \sigma(x_i) (1 - y_i) \big)$$

``x`` and ``y`` have one shape. Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural
network function approximation in reinforcement learning", 2018; Ramachandran, Zoph and Le,
"Searching for activation functions", 2017.
"""

import numpy as np

from derivations.activations.sigmoid import sigmoid
from gradcheck import derivation, identity


@derivation(x="*batch k")
def silu(x):
    r"""$x\, \sigma(x)$ for each entry; the result is shaped as ``x``."""
    return x * sigmoid(x)


@silu.partial
def entry(x, i, j):
    r"""$\delta_{ij}\, \sigma(x_i) (1 + x_i\, \sigma(-x_i))$, a scalar."""
    return (i == j) * sigmoid(x[i]) * (1 + x[i] * sigmoid(-x[i]))


@silu.vjp
def backward(dy, x):
    r"""$dx = dy \odot \sigma(x) \odot (1 + x \odot \sigma(-x))$; all of the shape of ``x``."""
    return dy * sigmoid(x) * (1 + x * sigmoid(-x))


@identity(x="k")
def slope_by_the_output(x):
    r"""The product rule, and the slope in terms of ``y``; each expression is ``(k,)``.

    $$\sigma + x \sigma (1 - \sigma) = x \sigma + \sigma (1 - x \sigma) = y + \sigma (1 - y)$$
    """
    s, y = sigmoid(x), silu(x)
    product_rule = s + x * s * (1 - s)
    return product_rule, x * s + s * (1 - x * s), y + s * (1 - y), backward(np.ones_like(x), x)


@identity(x="k")
def odd_part(x):
    r"""$y(x) - y(-x) = x$, shape ``(k,)``."""
    return silu(x) - silu(-x), x
