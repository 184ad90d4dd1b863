"""Wrong versions of claims in ``derivations/activations/hard_sigmoid.py``."""

import numpy as np

from derivations.activations import hard_sigmoid as right
from derivations.activations.sigmoid import slope as slope_of_the_smooth_one
from gradcheck import derivation, options


@options(at_kink=right.flat)
@derivation(x="*batch k")
def hard_sigmoid(x):
    return right.hard_sigmoid(x)


@hard_sigmoid.vjp
def derivative_of_the_smooth_one(dy, x):
    return dy * slope_of_the_smooth_one(x)


@hard_sigmoid.vjp
def not_flat_at_the_kinks(dy, x):
    return dy * np.where(np.abs(x) <= right.HALF_WIDTH, right.SLOPE, 0.0)
