"""Wrong versions of claims in ``derivations/activations/gelu_tanh.py``."""

from derivations.activations import gelu, sigmoid
from derivations.activations import gelu_tanh as right
from gradcheck import derivation


@derivation(x="*batch k")
def gelu_tanh(x):
    return right.gelu_tanh(x)


@gelu_tanh.vjp
def slope_of_the_exact_function(dy, x):
    return gelu.backward(dy, x)


@gelu_tanh.vjp
def inner_derivative_forgotten(dy, x):
    u = right.inner(x)
    return dy * (sigmoid.sigmoid(2 * u) + x * sigmoid.slope(2 * u))
