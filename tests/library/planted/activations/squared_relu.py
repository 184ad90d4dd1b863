"""Wrong versions of claims in ``derivations/activations/squared_relu.py``."""

import numpy as np

from derivations.activations import squared_relu as right
from gradcheck import derivation


@derivation(x="*batch k")
def squared_relu(x):
    return right.squared_relu(x)


@squared_relu.vjp
def rectifier_forgotten(dy, x):
    return 2 * dy * x


@squared_relu.vjp
def two_forgotten(dy, x):
    return dy * np.maximum(x, 0)
