r"""The Gaussian error linear unit, with the error function.

$$y = x\, \Phi(x), \quad \Phi(x) = \frac12 \Big( 1 + \mathrm{erf} \frac{x}{\sqrt 2} \Big), \qquad
\frac{\partial y_j}{\partial x_i} = \delta_{ij} \big( \Phi(x_i) + x_i\, \varphi(x_i) \big), \quad
\varphi(x) = \frac{e^{-x^2/2}}{\sqrt{2\pi}}$$

``x`` and ``y`` have one shape. Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", 2016.
The approximation with tanh is another function with another slope: ``gelu_tanh.py``.
"""

import math

import numpy as np

from gradcheck import derivation, identity, measure_jvp, real

ERFC = np.vectorize(math.erfc, otypes=[float])


def density(x):
    r"""$\varphi(x)$, of the shape of ``x``."""
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def distribution(x):
    r"""$\Phi(x) = \frac12 \mathrm{erfc}(-x / \sqrt 2)$: far below 0, $1 + \mathrm{erf}$ cancels."""
    return ERFC(-x / math.sqrt(2)) / 2


@derivation(x="*batch k")
def gelu(x):
    r"""$x\, \Phi(x)$ for each entry; the result is shaped as ``x``."""
    return x * distribution(x)


@gelu.vjp
def backward(dy, x):
    r"""$dx = dy \odot (\Phi(x) + x \varphi(x))$: the product rule; all of the shape of ``x``."""
    return dy * (distribution(x) + x * density(x))


@gelu.partial
def entry(x, i, j):
    r"""$\partial y_j / \partial x_i = \delta_{ij} (\Phi(x_i) + x_i \varphi(x_i))$, a scalar."""
    return (i == j) * (distribution(x[i]) + x[i] * density(x[i]))


@identity(x=real("k", low=-6, high=6))
def density_is_the_slope_of_the_distribution(x):
    r"""$\Phi' = \varphi$, measured; ``(k,)``. In the tails both drown in the rounding of 1."""
    return measure_jvp(distribution, (x,), (np.ones_like(x),)), density(x)


@identity(x="k")
def odd_part(x):
    r"""$y(x) - y(-x) = x (\Phi(x) + \Phi(-x)) = x$, shape ``(k,)``."""
    return gelu(x) - gelu(-x), x * (distribution(x) + distribution(-x)), x
