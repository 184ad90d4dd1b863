"""Wrong versions of claims in ``derivations/losses/log_cosh.py``."""

import numpy as np

from derivations.losses import log_cosh as right
from gradcheck import derivation


@derivation(q="n", t="n")
def log_cosh(q, t):
    return right.log_cosh(q, t)


@log_cosh.vjp
def sign_of_the_error(dl, q, t):
    dq = dl * np.sign(q - t) / len(q)
    return dq, -dq
