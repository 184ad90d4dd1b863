r"""The parametric rectifier, whose slope below 0 is learned for each channel.

$$y_{ac} = \max(x_{ac}, 0) + \alpha_c \min(x_{ac}, 0)$$
$$\frac{\partial l}{\partial x_{ac}} = dy_{ac} \begin{cases} 1 & \text{if } x_{ac} > 0 \\
\alpha_c & \text{if } x_{ac} \le 0 \end{cases}, \qquad
\frac{\partial l}{\partial \alpha_c} = \sum_a dy_{ac} \min(x_{ac}, 0)$$

``x`` and ``y`` are ``(n, c)``, ``alpha`` ``(c,)``. He, Zhang, Ren and Sun, "Delving deep into
rectifiers", 2015. At 0 the slope on the left is taken. (The convention is not declared: $y$ is not
elementwise in $\alpha$, which every row shares.)
"""

import numpy as np

from derivations.activations.leaky_relu import ALPHA, leaky_relu
from derivations.activations.leaky_relu import backward as leaky_relu_backward
from gradcheck import derivation, identity


@derivation(x="n c", alpha="c")
def prelu(x, alpha):
    r"""$x$ above 0 and $\alpha_c x$ below, shape ``(n, c)``."""
    return np.where(x > 0, x, alpha * x)


@prelu.vjp("x")
def dl_dx(dy, x, alpha):
    r"""$dx_{ac} = dy_{ac}$ above 0, $dy_{ac} \alpha_c$ below; shape ``(n, c)``."""
    return dy * np.where(x > 0, 1.0, alpha)


@prelu.vjp("alpha")
def dl_dalpha(dy, x):
    r"""$d\alpha_c = \sum_a dy_{ac} \min(x_{ac}, 0)$, shape ``(c,)``: one $\alpha$ for all rows."""
    return (dy * np.minimum(x, 0)).sum(axis=0)


@prelu.jacobian("alpha")
def jacobian_of_alpha(x):
    r"""$J_{ac,e} = \delta_{ce} \min(x_{ac}, 0)$, shape ``(n, c, c)``."""
    return np.minimum(x, 0)[:, :, np.newaxis] * np.eye(x.shape[1])


@identity(x="n c", dy="n c")
def leaky_where_alpha_is_fixed(x, dy):
    r"""With the same $\alpha$ in every channel it is the leaky rectifier; ``(n, c)`` each."""
    alpha = np.full(x.shape[1], ALPHA)
    together = np.stack([prelu(x, alpha), dl_dx(dy, x, alpha)])
    return together, np.stack([leaky_relu(x), leaky_relu_backward(dy, x)])


@identity(alpha="c", dy="n c")
def left_at_zero(alpha, dy):
    r"""$dx_{ac} = dy_{ac} \alpha_c$ where $x_{ac} = 0$: the slope on the left; ``(n, c)`` each."""
    return dl_dx(dy, np.zeros_like(dy), alpha), dy * alpha
