"""Wrong versions of claims in ``derivations/losses/mean_squared_error.py``."""

from derivations.losses import mean_squared_error as right
from gradcheck import derivation


@derivation(q="n c", t="n c")
def mean_squared_error(q, t):
    return right.mean_squared_error(q, t)


@mean_squared_error.vjp
def constant_dropped(dl, q, t):
    return dl * (q - t), dl * (t - q)


@mean_squared_error.vjp
def averaged_over_the_rows_alone(dl, q, t):
    dq = 2 * dl * (q - t) / len(q)
    return dq, -dq
