r"""Mish.

$$y = x\, \tanh(s(x)), \quad s(x) = \log(1 + e^x), \qquad
\frac{\partial y_j}{\partial x_i} = \delta_{ij} \big( t_i + x_i (1 - t_i^2)\, \sigma(x_i) \big),
\quad t = \tanh s(x)$$

``x`` and ``y`` have one shape. Misra, "Mish: a self regularized non-monotonic activation function",
2020.
"""

import numpy as np

from derivations.activations.sigmoid import sigmoid
from derivations.activations.softplus import backward as softplus_backward
from derivations.activations.softplus import softplus
from derivations.activations.tanh import backward as tanh_backward
from derivations.activations.tanh import slope as slope_of_tanh
from gradcheck import derivation, identity


@derivation(x="*batch k")
def mish(x):
    r"""$x \tanh(\mathrm{softplus}(x))$ for each entry; the result is shaped as ``x``."""
    return x * np.tanh(softplus(x))


@mish.vjp
def backward(dy, x):
    r"""$dx = dy \odot (t + x \odot \tanh'(s) \odot \sigma(x))$; all of the shape of ``x``."""
    s = softplus(x)
    return dy * (np.tanh(s) + x * slope_of_tanh(s) * sigmoid(x))


@mish.jvp
def forward_mode(dx, x):
    r"""$\dot s = \sigma(x) \dot x$, $\dot t = \tanh'(s) \dot s$, $\dot y = t \dot x + x \dot t$."""
    s = softplus(x)
    ds = sigmoid(x) * dx
    dt = slope_of_tanh(s) * ds
    return np.tanh(s) * dx + x * dt


@identity(x="k")
def without_transcendental_layers(x):
    r"""$\tanh(\log(1 + e^x)) = \frac{(1 + e^x)^2 - 1}{(1 + e^x)^2 + 1}$, shape ``(k,)``.

    With $e = e^{-|x|}$ it is $\frac{1 + 2e}{1 + 2e + 2e^2}$ above 0 and
    $\frac{2e + e^2}{2 + 2e + e^2}$ below, which does not overflow.
    """
    e = np.exp(-np.abs(x))
    above = (1 + 2 * e) / (1 + 2 * e + 2 * e * e)
    below = (2 * e + e * e) / (2 + 2 * e + e * e)
    return np.tanh(softplus(x)), np.where(x >= 0, above, below)


@identity(x="k", dy="k")
def composed_of_the_layers(x, dy):
    r"""The rule as the rules of its layers, one after the other; ``(k,)``."""
    s = softplus(x)
    t = np.tanh(s)
    return backward(dy, x), dy * t + softplus_backward(tanh_backward(dy * x, t), x)
