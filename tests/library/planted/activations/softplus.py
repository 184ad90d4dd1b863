"""Wrong versions of claims in ``derivations/activations/softplus.py``."""

import numpy as np

from derivations.activations import softplus as right
from gradcheck import derivation


@derivation(x="*batch k")
def softplus(x):
    return right.softplus(x)


@softplus.vjp
def function_for_its_derivative(dy, y):
    return dy * y


@softplus.vjp
def slope_of_the_rectifier(dy, x):
    return dy * (x > 0)


@derivation(x="k")
def total(x):
    return right.total(x)


@total.hessian
def first_derivative_on_the_diagonal(x):
    return np.diag(right.gradient(x))
