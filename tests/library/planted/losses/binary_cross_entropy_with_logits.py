"""Wrong versions of claims in ``derivations/losses/binary_cross_entropy_with_logits.py``."""

from derivations.activations.sigmoid import sigmoid, slope
from derivations.losses import binary_cross_entropy_with_logits as right
from gradcheck import derivation


@derivation(z="n", t=right.TARGETS)
def binary_cross_entropy_with_logits(z, t):
    return right.binary_cross_entropy_with_logits(z, t)


@binary_cross_entropy_with_logits.vjp
def sigmoid_rule_applied_again(dl, z, t):
    dz, dt = right.backward(dl, z, t)
    return dz * slope(z), dt


@binary_cross_entropy_with_logits.vjp
def logits_for_probabilities(dl, z, t):
    return dl * (z - t) / len(z), -dl * sigmoid(z) / len(z)
