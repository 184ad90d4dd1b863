"""Wrong versions of claims in ``derivations/activations/glu.py``."""

import numpy as np

from derivations.activations import glu as right
from derivations.activations.sigmoid import sigmoid, slope
from gradcheck import derivation


@derivation(x="n 2*k")
def glu(x):
    return right.glu(x)


@glu.vjp
def halves_swapped(dy, x):
    b, a = np.split(x, 2, axis=-1)
    return np.concatenate([dy * sigmoid(b), dy * a * slope(b)], axis=-1)


@glu.vjp
def gate_not_multiplied_by_the_values(dy, x):
    _, b = np.split(x, 2, axis=-1)
    return np.concatenate([dy * sigmoid(b), dy * slope(b)], axis=-1)
