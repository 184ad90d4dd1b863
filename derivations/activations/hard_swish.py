r"""The hard swish: SiLU with the hard sigmoid for its gate.

$$y = x\, h(x), \quad h(x) = \min \Big( \max \Big( \frac{x}{6} + \frac12, 0 \Big), 1 \Big), \qquad
\frac{\partial y_j}{\partial x_i} = \delta_{ij} \begin{cases} 0 & \text{if } x_i \le -3 \\
\frac{x_i}{3} + \frac12 & \text{if } |x_i| < 3 \\ 1 & \text{if } x_i \ge 3 \end{cases}$$

``x`` and ``y`` have one shape. Howard et al., "Searching for MobileNetV3", 2019. There are kinks at
$x = \pm 3$: the slopes from inside are $-\frac12$ and $\frac32$, those from outside are taken.
"""

import numpy as np

from derivations.activations.hard_sigmoid import HALF_WIDTH, hard_sigmoid
from derivations.activations.hard_sigmoid import slope as slope_of_the_gate
from gradcheck import derivation, identity, options


def from_outside(x):
    r"""The convention at the kinks: 0 below and 1 above, of the shape of ``x``."""
    return 1.0 * (x > 0)


@options(at_kink=from_outside)
@derivation(x="*batch k")
def hard_swish(x):
    r"""$x\, h(x)$ for each entry; the result is shaped as ``x``."""
    return x * hard_sigmoid(x)


@hard_swish.vjp
def backward(dy, x):
    r"""$dx = dy \odot y'(x)$, the three cases above; all of the shape of ``x``."""
    inside = np.abs(x) < HALF_WIDTH
    return dy * np.where(inside, x / 3 + 1 / 2, from_outside(x))


@identity(x="k")
def product_rule(x):
    r"""$h + x h'$ is the slope, in all three cases; ``(k,)``."""
    return hard_sigmoid(x) + x * slope_of_the_gate(x), backward(np.ones_like(x), x)


@identity(x="k")
def odd_part(x):
    r"""$y(x) - y(-x) = x$, as for SiLU and GELU; ``(k,)``."""
    return hard_swish(x) - hard_swish(-x), x
