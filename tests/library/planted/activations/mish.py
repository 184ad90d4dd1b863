"""Wrong versions of claims in ``derivations/activations/mish.py``."""

import numpy as np

from derivations.activations import mish as right
from derivations.activations.softplus import softplus
from gradcheck import derivation


@derivation(x="*batch k")
def mish(x):
    return right.mish(x)


@mish.vjp
def slope_of_softplus_forgotten(dy, x):
    t = np.tanh(softplus(x))
    return dy * (t + x * (1 - t * t))
