r"""The exponential linear unit.

$$y = \begin{cases} x & \text{if } x > 0 \\ \alpha (e^x - 1) & \text{if } x \le 0 \end{cases},
\qquad \frac{\partial y_j}{\partial x_i} = \delta_{ij} \begin{cases} 1 & \text{if } x_i > 0 \\
\alpha e^{x_i} = y_i + \alpha & \text{if } x_i \le 0 \end{cases}$$

``x`` and ``y`` have one shape, $\alpha > 0$ is a fixed scalar. Clevert, Unterthiner and Hochreiter,
"Fast and accurate deep network learning by exponential linear units (ELUs)", 2016. For
$\alpha \ne 1$ there is a kink at 0, where the slope on the left, $\alpha$, is taken.
"""

import numpy as np

from gradcheck import derivation, identity, options, real

ALPHA = real(low=0.1, high=10, differentiate=False)


@options(at_kink="left")
@derivation(x="*batch k", alpha=ALPHA)
def elu(x, alpha):
    r"""$x$ above 0, $\alpha (e^x - 1)$ below; ``expm1`` keeps the digits that $e^x - 1$ loses."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


@elu.vjp
def backward(dy, x, y, alpha):
    r"""$dx = dy$ above 0, $dy \odot (y + \alpha)$ below: in terms of the output."""
    return dy * np.where(x > 0, 1.0, y + alpha)


@elu.jvp
def forward_mode(dx, x, alpha):
    r"""$\dot y = \dot x$ above 0, $\alpha e^x \odot \dot x$ below: in terms of the input."""
    return dx * np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0)))


@identity(x=real("k", high=0), alpha=ALPHA)
def slope_by_the_output(x, alpha):
    r"""$\alpha e^x = \alpha (e^x - 1) + \alpha = y + \alpha$ for $x < 0$, shape ``(k,)``."""
    return alpha * np.exp(x), alpha * (np.exp(x) - 1) + alpha, elu(x, alpha) + alpha
