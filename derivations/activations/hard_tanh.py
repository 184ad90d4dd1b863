r"""The hard tanh: the identity, cut off at -1 and 1.

$$y = \min(\max(x, -1), 1), \qquad
\frac{\partial y_j}{\partial x_i} = \delta_{ij} \begin{cases} 1 & \text{if } |x_i| < 1 \\
0 & \text{if } |x_i| \ge 1 \end{cases}$$

``x`` and ``y`` have one shape. Collobert, "Large scale machine learning", 2004. At the kinks
$x = \pm 1$ the slope 0 is taken.
"""

import numpy as np

from gradcheck import derivation, identity, options


def flat(x):
    r"""The convention at the kinks: 0, of the shape of ``x``."""
    return np.zeros_like(x)


@options(at_kink=flat)
@derivation(x="*batch k")
def hard_tanh(x):
    r"""``x`` cut off at -1 and 1, for each entry; the result is shaped as ``x``."""
    return np.clip(x, -1.0, 1.0)


@hard_tanh.vjp
def backward(dy, x):
    r"""$dx = dy$ where $|x| < 1$, else 0; all of the shape of ``x``."""
    return dy * (np.abs(x) < 1)


@hard_tanh.partial
def entry(y, i, j):
    r"""$\partial y_j / \partial x_i$ in terms of ``y``: 1 for $i = j$ where $|y_i| < 1$, else 0."""
    return (i == j) * 1.0 * (np.abs(y[i]) < 1)


@identity(x="k")
def distances_to_the_ends(x):
    r"""$y = \frac12 (|x + 1| - |x - 1|)$, shape ``(k,)``."""
    return hard_tanh(x), (np.abs(x + 1) - np.abs(x - 1)) / 2
