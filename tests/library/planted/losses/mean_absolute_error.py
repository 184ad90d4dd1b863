"""Wrong versions of claims in ``derivations/losses/mean_absolute_error.py``."""

import numpy as np

from derivations.losses import mean_absolute_error as right
from gradcheck import derivation, identity, integers

SMALL = integers("k", low=-2, high=3)


@derivation(q="*batch k", t="*batch k")
def mean_absolute_error(q, t):
    return right.mean_absolute_error(q, t)


@mean_absolute_error.vjp
def error_for_its_sign(dl, q, t):
    dq = dl * (q - t) / q.size
    return dq, -dq


@identity(q=SMALL, t=SMALL)
def right_predictions_are_pushed_down(q, t):
    dq = np.where(q >= t, 1.0, -1.0) / len(q)
    return np.where(q == t, dq, 0.0), np.zeros(len(q))
