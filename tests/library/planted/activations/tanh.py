"""Wrong versions of claims in ``derivations/activations/tanh.py``."""

import numpy as np

from derivations.activations import tanh as right
from gradcheck import derivation


@derivation(x="*batch k")
def tanh(x):
    return right.tanh(x)


@tanh.vjp
def pre_activation_for_activation(dy, x):
    return dy * (1 - x * x)


@tanh.vjp
def derivative_evaluated_on_upstream(dy):
    return dy * (1 - np.tanh(dy) ** 2)
