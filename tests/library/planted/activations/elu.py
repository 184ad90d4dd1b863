"""Wrong versions of claims in ``derivations/activations/elu.py``."""

import numpy as np

from derivations.activations import elu as right
from gradcheck import derivation, options


@options(at_kink="left")
@derivation(x="*batch k", alpha=right.ALPHA)
def elu(x, alpha):
    return right.elu(x, alpha)


@elu.vjp
def alpha_not_added_to_the_output(dy, x, y):
    return dy * np.where(x > 0, 1.0, y)


@elu.jvp
def alpha_forgotten(dx, x):
    return dx * np.where(x > 0, 1.0, np.exp(np.minimum(x, 0)))
