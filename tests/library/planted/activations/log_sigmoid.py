"""Wrong versions of claims in ``derivations/activations/log_sigmoid.py``."""

from derivations.activations import log_sigmoid as right
from derivations.activations.sigmoid import sigmoid
from gradcheck import derivation


@derivation(x="*batch k")
def log_sigmoid(x):
    return right.log_sigmoid(x)


@log_sigmoid.vjp
def sign_of_the_input_lost(dy, x):
    return dy * sigmoid(x)


@log_sigmoid.vjp
def logarithm_taken_for_the_sigmoid(dy, y):
    return dy * y * (1 - y)
