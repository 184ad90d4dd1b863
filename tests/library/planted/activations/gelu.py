"""Wrong versions of claims in ``derivations/activations/gelu.py``."""

from derivations.activations import gelu as right
from derivations.activations import gelu_tanh
from gradcheck import derivation


@derivation(x="*batch k")
def gelu(x):
    return right.gelu(x)


@gelu.vjp
def slope_of_the_approximation(dy, x):
    return gelu_tanh.backward(dy, x)


@gelu.vjp
def second_term_of_the_product_rule_lost(dy, x):
    return dy * right.distribution(x)
