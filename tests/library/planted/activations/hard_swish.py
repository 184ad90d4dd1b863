"""Wrong versions of claims in ``derivations/activations/hard_swish.py``."""

from derivations.activations import hard_swish as right
from derivations.activations.hard_sigmoid import hard_sigmoid
from gradcheck import derivation, options


@options(at_kink=right.from_outside)
@derivation(x="*batch k")
def hard_swish(x):
    return right.hard_swish(x)


@hard_swish.vjp
def gate_taken_for_a_constant(dy, x):
    return dy * hard_sigmoid(x)
