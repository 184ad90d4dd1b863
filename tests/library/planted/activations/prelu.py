"""Wrong versions of claims in ``derivations/activations/prelu.py``."""

import numpy as np

from derivations.activations import prelu as right
from gradcheck import derivation


@derivation(x="n c", alpha="c")
def prelu(x, alpha):
    return right.prelu(x, alpha)


@prelu.vjp("alpha")
def summed_over_the_positive_inputs_too(dy, x):
    return (dy * x).sum(axis=0)


@prelu.vjp("alpha")
def one_alpha_for_all_channels(dy, x):
    return np.full(x.shape[1], (dy * np.minimum(x, 0)).sum())
