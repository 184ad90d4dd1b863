"""Wrong versions of claims in ``derivations/optimization/l2_penalty.py``."""

import numpy as np

from derivations.optimization import l2_penalty as right
from gradcheck import derivation, options


@options(output="l")
@derivation(w="k", strength=right.STRENGTH)
def l2_penalty(w, strength):
    return right.l2_penalty(w, strength)


@l2_penalty.gradient("w")
def two_left_over(w, strength):
    return 2 * strength * w


@options(output="l", sizes=right.SMALL)
@derivation(X="n k", w="k", t="n", strength=right.STRENGTH)
def ridge_loss(X, w, t, strength):
    return right.ridge_loss(X, w, t, strength)


@ridge_loss.vjp
def penalty_forgotten(dl, X, w, t, strength):
    dX, _, dt, dstrength = right.backward(dl, X, w, t, strength)
    return dX, X.T @ np.asarray(-dt), dt, dstrength
