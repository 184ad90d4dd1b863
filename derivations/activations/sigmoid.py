r"""The logistic sigmoid, without overflow, and the textbook's way to its slope.

$$y = \sigma(x) = \frac{1}{1 + e^{-x}}, \qquad
\frac{\partial y_j}{\partial x_i} = \delta_{ij}\, y_i (1 - y_i)$$

``x`` and ``y`` have one shape; each entry stands by itself, so the Jacobian of a row is diagonal.
The slope in terms of ``y`` is what backpropagation keeps: Rumelhart, Hinton and Williams, "Learning
representations by back-propagating errors", Nature 323, 1986.

Weak: $1 - y$ is 0 in floating point from $x \approx 37$ on, where the true slope is $e^{-x}$.
``slope`` in terms of ``x`` keeps it.
"""

import numpy as np

from gradcheck import derivation, identity, real

# Within ±700 neither e^x nor e^(-x) overflows.
WITHIN_THE_RANGE_OF_EXP = {"low": -700, "high": 700}


@derivation(x="*batch k")
def sigmoid(x):
    r"""$1 / (1 + e^{-x})$ for $x \ge 0$, $e^x / (1 + e^x)$ below: no exponent is positive."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1 + e)


@sigmoid.partial
def entry(y, i, j):
    r"""$\partial y_j / \partial x_i = \delta_{ij}\, y_i (1 - y_i)$, a scalar."""
    return (i == j) * y[i] * (1 - y[i])


@sigmoid.vjp
def backward(dy, y):
    r"""$dx = dy \odot y \odot (1 - y)$; all of the shape of ``x``."""
    return dy * y * (1 - y)


def slope(x):
    r"""$\sigma(x)\, \sigma(-x)$, of the shape of ``x``: right to the last digit at every ``x``."""
    return sigmoid(x) * sigmoid(-x)


@identity(x=real("k", **WITHIN_THE_RANGE_OF_EXP))
def textbook_form(x):
    r"""The formula without overflow is the textbook's where that does not overflow; ``(k,)``."""
    return sigmoid(x), 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x))


@identity(x="k")
def reflection(x):
    r"""$1 - \sigma(x) = \sigma(-x)$, shape ``(k,)``."""
    return 1 - sigmoid(x), sigmoid(-x)


@identity(x=real("k", low=-300, high=300))
def chain(x):
    r"""The derivation as on paper, by the quotient rule; each expression is ``(k,)``.

    $$\frac{e^{-x}}{(1 + e^{-x})^2} = \frac{1}{1 + e^{-x}} \cdot \frac{e^{-x}}{1 + e^{-x}}
    = \sigma(x) (1 - \sigma(x)) = \sigma(x)\, \sigma(-x)$$

    Within ±300, so that the square in the first fraction does not overflow.
    """
    e = np.exp(-x)
    return (
        e / (1 + e) ** 2,
        1 / (1 + e) * (e / (1 + e)),
        sigmoid(x) * (1 - sigmoid(x)),
        slope(x),
    )
