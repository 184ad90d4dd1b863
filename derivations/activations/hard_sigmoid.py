r"""The hard sigmoid, made of three straight lines.

$$y = \min \Big( \max \Big( \frac{x}{6} + \frac12, 0 \Big), 1 \Big), \qquad
\frac{\partial y_j}{\partial x_i} = \delta_{ij} \begin{cases} \frac16 & \text{if } |x_i| < 3 \\
0 & \text{if } |x_i| \ge 3 \end{cases}$$

``x`` and ``y`` have one shape. Howard et al., "Searching for MobileNetV3", 2019, which uses this
slope; Courbariaux, Bengio and David, "BinaryConnect", 2015, had 1/2. At the kinks $x = \pm 3$ the
slope 0 is taken.
"""

import numpy as np

from gradcheck import derivation, identity, options

HALF_WIDTH = 3.0
SLOPE = 1 / 6


def flat(x):
    r"""The convention at the kinks: 0, of the shape of ``x``."""
    return np.zeros_like(x)


@options(at_kink=flat)
@derivation(x="*batch k")
def hard_sigmoid(x):
    r"""$x / 6 + 1/2$, cut off at 0 and 1; the result is shaped as ``x``."""
    return np.clip(x * SLOPE + 0.5, 0.0, 1.0)


def slope(x):
    r"""$1/6$ strictly between the kinks, else 0, of the shape of ``x``."""
    return np.where(np.abs(x) < HALF_WIDTH, SLOPE, 0.0)


@hard_sigmoid.vjp
def backward(dy, x):
    r"""$dx = dy \odot y'(x)$; all of the shape of ``x``."""
    return dy * slope(x)


@identity(x="k")
def difference_of_two_rectifiers(x):
    r"""$6 y = \max(x + 3, 0) - \max(x - 3, 0)$, shape ``(k,)``."""
    rectified = np.maximum(x + HALF_WIDTH, 0) - np.maximum(x - HALF_WIDTH, 0)
    return hard_sigmoid(x), rectified * SLOPE


@identity(x="k")
def reflection(x):
    r"""$1 - y(x) = y(-x)$, as for the smooth sigmoid; ``(k,)``."""
    return 1 - hard_sigmoid(x), hard_sigmoid(-x)
