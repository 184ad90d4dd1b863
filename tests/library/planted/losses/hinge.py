"""Wrong versions of claims in ``derivations/losses/hinge.py``."""

import numpy as np

from derivations.losses import hinge as right
from gradcheck import derivation


@derivation(s="n", positive=right.POSITIVE)
def hinge(s, positive):
    return right.hinge(s, positive)


@hinge.vjp
def margin_left_out_of_the_mask(dl, s, positive):
    t = right.labels(positive)
    return -dl * t * (t * s < 0) / len(s)


@hinge.vjp
def mask_forgotten(dl, s, positive):
    return -dl * right.labels(positive) / len(s)


@derivation(s="n", positive=right.POSITIVE)
def squared_hinge(s, positive):
    return right.squared_hinge(s, positive)


@squared_hinge.gradient
def label_missing_in_the_inner_derivative(s, positive):
    return -2 * np.maximum(0, 1 - right.labels(positive) * s) / len(s)
