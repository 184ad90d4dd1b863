"""Wrong versions of claims in ``derivations/activations/selu.py``."""

import numpy as np

from derivations.activations import selu as right
from gradcheck import derivation, options


@options(at_kink="left")
@derivation(x="*batch k")
def selu(x):
    return right.selu(x)


@selu.vjp
def scale_missing_below_zero(dy, x):
    return dy * np.where(x > 0, right.LAMBDA, right.ALPHA * np.exp(np.minimum(x, 0)))
