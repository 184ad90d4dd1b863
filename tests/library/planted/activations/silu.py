"""Wrong versions of claims in ``derivations/activations/silu.py``."""

from derivations.activations import silu as right
from derivations.activations.sigmoid import sigmoid
from gradcheck import derivation


@derivation(x="*batch k")
def silu(x):
    return right.silu(x)


@silu.vjp
def gate_taken_for_a_constant(dy, x):
    return dy * sigmoid(x)


@silu.vjp
def output_for_the_sigmoid(dy, x, y):
    return dy * (sigmoid(x) + y * (1 - y))
