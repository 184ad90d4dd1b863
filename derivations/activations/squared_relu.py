r"""The squared rectifier.

$$y = \max(x, 0)^2, \qquad \frac{\partial y_j}{\partial x_i} = \delta_{ij}\, 2 \max(x_i, 0)$$

``x`` and ``y`` have one shape. So et al., "Primer: searching for efficient transformers for
language modeling", 2021. At 0 both slopes are 0: the square takes the kink away, and leaves one in
the second derivative.
"""

import numpy as np

from derivations.relu import backward as relu_backward
from derivations.relu import relu
from gradcheck import derivation, identity, options


@derivation(x="*batch k")
def squared_relu(x):
    r"""$\max(x, 0)^2$ for each entry; the result is shaped as ``x``."""
    return np.maximum(x, 0) ** 2


@squared_relu.vjp
def backward(dy, x):
    r"""$dx = 2\, dy \odot \max(x, 0)$; all of the shape of ``x``."""
    return 2 * dy * np.maximum(x, 0)


@options(output="l")
@derivation(x="k")
def half_sum(x):
    r"""$l = \frac12 \sum_j \max(x_j, 0)^2$, a scalar."""
    return squared_relu(x).sum() / 2


@half_sum.gradient
def gradient(x):
    r"""$\max(x, 0)$, shape ``(k,)``: the rectifier is a gradient."""
    return np.maximum(x, 0)


@identity(x="k", dy="k")
def square_after_rectifier(x, dy):
    r"""The rule of the square, then that of the rectifier; ``(k,)``."""
    return backward(dy, x), relu_backward(2 * dy * relu(x), x)
