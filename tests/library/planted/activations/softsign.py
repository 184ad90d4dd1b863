"""Wrong versions of claims in ``derivations/activations/softsign.py``."""

import numpy as np

from derivations.activations import softsign as right
from gradcheck import derivation


@derivation(x="*batch k")
def softsign(x):
    return right.softsign(x)


@softsign.vjp
def absolute_value_taken_for_a_constant(dy, x):
    return dy / (1 + np.abs(x))
