"""Wrong versions of the claims in ``derivations/activations/sigmoid.py``."""

import numpy as np

from derivations.activations import sigmoid as right
from gradcheck import derivation, identity, real


@derivation(x="*batch k")
def sigmoid(x):
    return right.sigmoid(x)


@sigmoid.vjp
def applied_twice(dy, y):
    return dy * right.sigmoid(y) * (1 - right.sigmoid(y))


@sigmoid.vjp
def input_for_output(dy, x):
    return dy * x * (1 - x)


@identity(x=real("k", low=-300, high=300))
def square_lost(x):
    return np.exp(-x) / (1 + np.exp(-x)), right.slope(x)
