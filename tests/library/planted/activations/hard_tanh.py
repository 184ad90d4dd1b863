"""Wrong versions of claims in ``derivations/activations/hard_tanh.py``."""

import numpy as np

from derivations.activations import hard_tanh as right
from gradcheck import derivation, options


@options(at_kink=right.flat)
@derivation(x="*batch k")
def hard_tanh(x):
    return right.hard_tanh(x)


@hard_tanh.vjp
def upstream_cut_off(dy, x):
    return np.clip(dy, -1.0, 1.0) * (np.abs(x) < 1)


@hard_tanh.partial
def not_flat_at_the_kinks(x, i, j):
    return (i == j) * 1.0 * (np.abs(x[i]) <= 1)
