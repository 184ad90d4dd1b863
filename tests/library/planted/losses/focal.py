"""Wrong versions of claims in ``derivations/losses/focal.py``."""

from derivations.activations.sigmoid import sigmoid
from derivations.losses import focal as right
from derivations.losses.hinge import labels
from gradcheck import derivation


@derivation(z="n", positive=right.POSITIVE, gamma=right.GAMMA)
def focal(z, positive, gamma):
    return right.focal(z, positive, gamma)


@focal.vjp
def weight_taken_for_a_constant(dl, z, positive, gamma):
    t = labels(positive)
    return -dl * t * sigmoid(-t * z) ** (gamma + 1) / len(z)


@focal.vjp
def sign_of_the_label_lost(dl, z, positive, gamma):
    return labels(positive) * right.backward(dl, z, positive, gamma)
