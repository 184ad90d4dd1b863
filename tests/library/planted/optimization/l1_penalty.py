"""Wrong versions of claims in ``derivations/optimization/l1_penalty.py``."""

import numpy as np

from derivations.optimization import l1_penalty as right
from gradcheck import derivation, options


@options(at_kink="middle")
@derivation(w="k")
def absolute_value(w):
    return right.absolute_value(w)


@absolute_value.vjp
def one_at_zero(dy, w):
    return dy * np.where(w >= 0, 1.0, -1.0)


@options(output="l")
@derivation(w="k", strength=right.STRENGTH)
def l1_penalty(w, strength):
    return right.l1_penalty(w, strength)


@l1_penalty.vjp
def decay_as_for_the_square(dl, w, strength):
    return dl * strength * w, dl * np.abs(w).sum()
