r"""The Gaussian error linear unit, approximated with tanh.

$$y = \frac{x}{2} (1 + \tanh u), \quad u = c\, (x + a x^3), \quad c = \sqrt{2 / \pi}, \quad
a = 0.044715$$
$$\frac{\partial y_j}{\partial x_i} = \delta_{ij} \Big( \frac{1 + \tanh u_i}{2}
+ \frac{x_i}{2} (1 - \tanh^2 u_i)\, c\, (1 + 3 a x_i^2) \Big)$$

``x`` and ``y`` have one shape. Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", 2016.
The slope is that of the approximation: the exact $\Phi(x) + x \varphi(x)$ differs from it by up to
about $10^{-3}$.

With $1 + \tanh u = 2 \sigma(2u)$ nothing cancels where $u$ is far below 0; the code is written so.
"""

import math

import numpy as np

from derivations.activations.sigmoid import sigmoid
from derivations.activations.sigmoid import slope as slope_of_sigmoid
from gradcheck import derivation, identity

C = math.sqrt(2 / math.pi)
A = 0.044715


def inner(x):
    r"""$u$, of the shape of ``x``."""
    return C * (x + A * x**3)


@derivation(x="*batch k")
def gelu_tanh(x):
    r"""$x\, \sigma(2u)$ for each entry; the result is shaped as ``x``."""
    return x * sigmoid(2 * inner(x))


@gelu_tanh.vjp
def backward(dy, x):
    r"""$dx = dy \odot (\sigma(2u) + x\, \sigma'(2u)\, 2 u'(x))$; all of the shape of ``x``."""
    u = inner(x)
    return dy * (sigmoid(2 * u) + x * slope_of_sigmoid(2 * u) * 2 * C * (1 + 3 * A * x * x))


@gelu_tanh.jvp
def forward_mode(dx, x):
    r"""$\dot u = c (1 + 3 a x^2) \dot x$ first, then $\dot y$; step by step, shape of ``x``."""
    u = inner(x)
    du = C * (1 + 3 * A * x * x) * dx
    return dx * sigmoid(2 * u) + x * slope_of_sigmoid(2 * u) * 2 * du


@identity(x="k")
def textbook_form(x):
    r"""$x\, \sigma(2u) = \frac{x}{2} (1 + \tanh u)$, shape ``(k,)``."""
    return gelu_tanh(x), x / 2 * (1 + np.tanh(inner(x)))


@identity(x="k")
def textbook_slope(x):
    r"""The slope as printed above, and as the rule has it; ``(k,)``."""
    t = np.tanh(inner(x))
    printed = (1 + t) / 2 + x / 2 * (1 - t * t) * C * (1 + 3 * A * x * x)
    return printed, backward(np.ones_like(x), x)
