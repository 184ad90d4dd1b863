r"""The hyperbolic tangent.

$$y = \tanh x = \frac{e^x - e^{-x}}{e^x + e^{-x}}, \qquad
\frac{\partial y_j}{\partial x_i} = \delta_{ij}\, (1 - y_i^2)$$

``x`` and ``y`` have one shape; each entry stands by itself. LeCun, Bottou, Orr and Müller,
"Efficient BackProp", 1998, is the usual reference for its use as an activation.

Weak: $1 - y^2$ is 0 in floating point from $|x| \approx 19$ on, where the true slope is
$4 e^{-2|x|}$. ``slope`` in terms of ``x`` keeps it.
"""

import numpy as np

from derivations.activations.sigmoid import sigmoid
from gradcheck import derivation, identity, real


@derivation(x="*batch k")
def tanh(x):
    r"""$\tanh x$ for each entry; the result is shaped as ``x``."""
    return np.tanh(x)


@tanh.vjp
def backward(dy, y):
    r"""$dx = dy \odot (1 - y \odot y)$; all of the shape of ``x``."""
    return dy * (1 - y * y)


@tanh.jvp
def forward_mode(dx, y):
    r"""$\dot y = (1 - y \odot y) \odot \dot x$: a diagonal Jacobian is its own transpose."""
    return (1 - y * y) * dx


def slope(x):
    r"""$4 e^{-2|x|} / (1 + e^{-2|x|})^2$, of the shape of ``x``: no exponent is positive."""
    e = np.exp(-2 * np.abs(x))
    return 4 * e / (1 + e) ** 2


@identity(x=real("k", low=-300, high=300))
def chain(x):
    r"""The derivation as on paper, by the quotient rule; each expression is ``(k,)``.

    $$\frac{(e^x + e^{-x})^2 - (e^x - e^{-x})^2}{(e^x + e^{-x})^2}
    = 1 - \Big( \frac{e^x - e^{-x}}{e^x + e^{-x}} \Big)^2 = 1 - \tanh^2 x = \frac{1}{\cosh^2 x}$$

    Within ±300, so that no square overflows. The last expression is ``slope``, without overflow.
    """
    plus, minus = np.exp(x) + np.exp(-x), np.exp(x) - np.exp(-x)
    return (
        (plus**2 - minus**2) / plus**2,
        1 - (minus / plus) ** 2,
        1 - np.tanh(x) ** 2,
        1 / np.cosh(x) ** 2,
        slope(x),
    )


@identity(x="k")
def scaled_sigmoid(x):
    r"""$\tanh x = 2 \sigma(2x) - 1$, shape ``(k,)``."""
    return np.tanh(x), 2 * sigmoid(2 * x) - 1


@identity(x="k")
def slope_of_the_scaled_sigmoid(x):
    r"""$\tanh' x = 4 \sigma(2x) (1 - \sigma(2x))$: twice for the factor, twice for the inside."""
    inner = sigmoid(2 * x)
    return slope(x), 4 * inner * (1 - inner)
