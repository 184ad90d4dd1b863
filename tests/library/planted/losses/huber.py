"""Wrong versions of claims in ``derivations/losses/huber.py``."""

import numpy as np

from derivations.losses import huber as right
from gradcheck import derivation


@derivation(q="*batch k", t="*batch k", delta=right.POSITIVE)
def huber(q, t, delta):
    return right.huber(q, t, delta)


@huber.vjp
def delta_missing_on_the_lines(dl, q, t, delta):
    r = q - t
    dq = dl * np.where(np.abs(r) <= delta, r, np.sign(r)) / q.size
    return dq, -dq, right.backward(dl, q, t, delta)[2]


@huber.vjp
def threshold_taken_for_a_constant(dl, q, t, delta):
    dq, dt, ddelta = right.backward(dl, q, t, delta)
    return dq, dt, 0 * ddelta
