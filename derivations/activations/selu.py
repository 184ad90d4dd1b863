r"""The scaled exponential linear unit, and where its two constants come from.

$$y = \lambda \begin{cases} x & \text{if } x > 0 \\ \alpha (e^x - 1) & \text{if } x \le 0
\end{cases}, \qquad \frac{\partial y_j}{\partial x_i} = \delta_{ij}
\begin{cases} \lambda & \text{if } x_i > 0 \\ \lambda \alpha e^{x_i} = y_i + \lambda \alpha &
\text{if } x_i \le 0 \end{cases}$$

``x`` and ``y`` have one shape. Klambauer, Unterthiner, Mayr and Hochreiter, "Self-normalizing
neural networks", 2017. There is a kink at 0; the slope on the left, $\lambda \alpha$, is taken
there.

The two constants are those with which mean 0 and variance 1 stay what they are for
$x \sim N(0, 1)$:

$$\mathrm{E}\, y = \lambda \Big( \frac{1}{\sqrt{2\pi}}
+ \alpha \big( \tfrac{\sqrt e}{2}\, \mathrm{erfc} \tfrac{1}{\sqrt 2} - \tfrac12 \big) \Big) = 0$$
$$\mathrm{E}\, y^2 = \lambda^2 \Big( \frac12 + \alpha^2 \big( \tfrac{e^2}{2}\, \mathrm{erfc}
\sqrt 2 - \sqrt e\, \mathrm{erfc} \tfrac{1}{\sqrt 2} + \tfrac12 \big) \Big) = 1$$
"""

import math

import numpy as np

from derivations.activations.elu import backward as elu_backward
from derivations.activations.elu import elu
from gradcheck import derivation, identity, options

#: What $x < 0$ adds to the means of $e^x - 1$ and of its square.
_MEAN = math.sqrt(math.e) / 2 * math.erfc(1 / math.sqrt(2)) - 1 / 2
_SQUARE = math.exp(2) / 2 * math.erfc(math.sqrt(2)) - 2 * _MEAN - 1 / 2
ALPHA = -1 / (math.sqrt(2 * math.pi) * _MEAN)  # 1.67326…
LAMBDA = 1 / math.sqrt(1 / 2 + ALPHA**2 * _SQUARE)  # 1.05070…


@options(at_kink="left")
@derivation(x="*batch k")
def selu(x):
    r"""$\lambda$ times the ELU of $\alpha$; the result is shaped as ``x``."""
    return LAMBDA * np.where(x > 0, x, ALPHA * np.expm1(np.minimum(x, 0)))


@selu.vjp
def backward(dy, x, y):
    r"""$dx = \lambda\, dy$ above 0, $dy \odot (y + \lambda \alpha)$ below."""
    return dy * np.where(x > 0, LAMBDA, y + LAMBDA * ALPHA)


@identity(x="k", dy="k")
def scaled_elu(x, dy):
    r"""The chain rule for a constant factor: $\lambda$ times the rule of ELU; ``(k,)``."""
    return backward(dy, x, selu(x)), LAMBDA * elu_backward(dy, x, elu(x, ALPHA), ALPHA)
