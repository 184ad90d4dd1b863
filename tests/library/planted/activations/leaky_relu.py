"""Wrong versions of claims in ``derivations/activations/leaky_relu.py``."""

import numpy as np

from derivations.activations import leaky_relu as right
from gradcheck import derivation, options


@options(at_kink="left")
@derivation(x="*batch k")
def leaky_relu(x):
    return right.leaky_relu(x)


@leaky_relu.vjp
def nothing_flows_below(dy, x):
    return dy * (x > 0)


@leaky_relu.vjp
def one_at_zero(dy, x):
    return dy * np.where(x >= 0, 1.0, right.ALPHA)
