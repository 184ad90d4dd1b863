"""Wrong versions of claims in ``derivations/losses/pinball.py``."""

import numpy as np

from derivations.losses import pinball as right
from gradcheck import derivation


@derivation(q="n", t="n", tau=right.LEVEL)
def pinball(q, t, tau):
    return right.pinball(q, t, tau)


@pinball.vjp
def prediction_and_target_swapped(dl, q, t, tau):
    dt, dq, dtau = right.backward(dl, q, t, tau)
    return dq, dt, dtau


@pinball.vjp
def levels_swapped(dl, q, t, tau):
    dq = dl * np.where(t > q, tau - 1, tau) / len(q)
    return dq, -dq, dl * (t - q).mean()
