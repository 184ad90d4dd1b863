r"""The leaky rectifier.

$$y = \max(x, 0) + \alpha \min(x, 0), \qquad
\frac{\partial y_j}{\partial x_i} = \delta_{ij} \begin{cases} 1 & \text{if } x_i > 0 \\
\alpha & \text{if } x_i \le 0 \end{cases}$$

``x`` and ``y`` have one shape; $\alpha$ is a fixed number, 0.01 in Maas, Hannun and Ng, "Rectifier
nonlinearities improve neural network acoustic models", 2013. At 0 there is a kink; the slope on the
left is taken there, as for the rectifier.
"""

import numpy as np

from gradcheck import derivation, identity, options, real

ALPHA = 0.01


@options(at_kink="left")
@derivation(x="*batch k")
def leaky_relu(x):
    r"""$x$ above 0 and $\alpha x$ below, for each entry; the result is shaped as ``x``."""
    return np.where(x > 0, x, ALPHA * x)


def slope(x):
    r"""$1$ above 0, else $\alpha$, of the shape of ``x``."""
    return np.where(x > 0, 1.0, ALPHA)


@leaky_relu.partial
def entry(x, i, j):
    r"""$\partial y_j / \partial x_i$, a scalar: 1 or $\alpha$ for $i = j$, else 0."""
    return (i == j) * slope(x[i])


@leaky_relu.vjp
def backward(dy, x):
    r"""$dx = dy \odot y'(x)$; all of the shape of ``x``."""
    return dy * slope(x)


@identity(x="k")
def largest_of_two(x):
    r"""$\max(x, 0) + \alpha \min(x, 0) = \max(x, \alpha x)$, since $\alpha \le 1$; ``(k,)``."""
    return leaky_relu(x), np.maximum(x, 0) + ALPHA * np.minimum(x, 0), np.maximum(x, ALPHA * x)


@identity(x="k", c=real(low=0))
def homogeneous(x, c):
    r"""$y(cx) = c\, y(x)$ for $c > 0$, hence Euler's $y'(x)\, x = y(x)$; each is ``(k,)``."""
    return leaky_relu(c * x), c * leaky_relu(x), c * (slope(x) * x)
