r"""The logarithm of Student's t density.

$$l = \log \Gamma \Big( \frac{\nu + 1}{2} \Big) - \log \Gamma \Big( \frac{\nu}{2} \Big)
- \frac12 \log(\pi \nu) - \frac{\nu + 1}{2} \log \Big( 1 + \frac{x^2}{\nu} \Big)$$
$$\frac{\partial l}{\partial x} = -\frac{(\nu + 1)\, x}{\nu + x^2}, \qquad
\frac{\partial l}{\partial \nu} = \frac12 \Big( \psi \Big( \frac{\nu + 1}{2} \Big)
- \psi \Big( \frac{\nu}{2} \Big) - \frac1\nu - \log \Big( 1 + \frac{x^2}{\nu} \Big)
+ \frac{(\nu + 1)\, x^2}{\nu\, (\nu + x^2)} \Big)$$

``x``, the degrees of freedom ``nu`` and $l$ are ``(k,)``, entry by entry; $\psi$ is the digamma
function of ``log_gamma.py``. "Student" (Gosset), "The probable error of a mean", 1908. The slope
falls off as $1 / x$: an outlier pulls less the farther it lies.
"""

import math

import numpy as np

from derivations.probability.log_gamma import digamma, log_gamma
from gradcheck import derivation, identity, options, real

FREEDOM = real("k", low=0.1, high=1e3)


@options(output="l")
@derivation(x="k", nu=FREEDOM)
def log_density(x, nu):
    r"""The logarithm of the density, shape ``(k,)``."""
    constant = log_gamma((nu + 1) / 2) - log_gamma(nu / 2) - np.log(math.pi * nu) / 2
    return constant - (nu + 1) / 2 * np.log1p(x * x / nu)


@log_density.vjp
def backward(dl, x, nu):
    r"""$dx$ and $d\nu$, each ``(k,)``."""
    square = x * x
    dx = -(nu + 1) * x / (nu + square)
    psi = digamma((nu + 1) / 2) - digamma(nu / 2)
    pull = (nu + 1) * square / (nu * (nu + square))
    return dl * dx, dl * (psi - 1 / nu - np.log1p(square / nu) + pull) / 2


@identity(x=real("k", low=-1e3, high=1e3))
def cauchy_density(x):
    r"""With $\nu = 1$ it is $-\log \pi - \log(1 + x^2)$; ``(k,)``."""
    return log_density(x, np.ones_like(x)), -math.log(math.pi) - np.log1p(x * x)
