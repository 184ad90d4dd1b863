r"""Softplus, the smooth rectifier: its slope is the sigmoid.

$$y = \log(1 + e^x), \qquad \frac{\partial y_j}{\partial x_i} = \delta_{ij}\, \sigma(x_i), \qquad
\frac{\partial^2}{\partial x_i \partial x_k} \sum_j y_j = \delta_{ik}\, \sigma(x_i)(1-\sigma(x_i))$$

``x`` and ``y`` have one shape. Dugas, Bengio, Bélisle, Nadeau and Garcia, "Incorporating
second-order functional knowledge for better option pricing", 2001.
"""

import numpy as np

from derivations.activations.sigmoid import sigmoid
from derivations.activations.sigmoid import slope as slope_of_sigmoid
from gradcheck import derivation, identity, real


@derivation(x="*batch k")
def softplus(x):
    r"""$\max(x, 0) + \log(1 + e^{-|x|})$: the same number, and no exponent is positive."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@softplus.vjp
def backward(dy, x):
    r"""$dx = dy \odot \sigma(x)$; all of the shape of ``x``."""
    return dy * sigmoid(x)


@softplus.column
def column(x, i):
    r"""$\partial y / \partial x_i = \sigma(x_i)\, e_i$, of the shape of ``y``."""
    unit = np.zeros_like(x)
    unit[i] = 1.0
    return sigmoid(x[i]) * unit


@derivation(x="k")
def total(x):
    r"""$\sum_j y_j$, a scalar, whose second derivatives are the slopes of the sigmoid."""
    return softplus(x).sum()


@total.gradient
def gradient(x):
    r"""$\sigma(x)$, shape ``(k,)``."""
    return sigmoid(x)


@total.hessian
def hessian(x):
    r"""$\mathrm{diag}(\sigma(x) \odot \sigma(-x))$, shape ``(k, k)``."""
    return np.diag(slope_of_sigmoid(x))


@identity(x=real("k", low=-700, high=700))
def textbook_form(x):
    r"""$\log(1 + e^x)$ is the same where it does not overflow; ``(k,)``."""
    return softplus(x), np.log1p(np.exp(x))


@identity(x="k")
def odd_part(x):
    r"""$y(x) - y(-x) = x$, shape ``(k,)``."""
    return softplus(x) - softplus(-x), x
