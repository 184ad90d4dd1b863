"""Wrong versions of claims in ``derivations/losses/jensen_shannon.py``."""

import numpy as np

from derivations.losses import jensen_shannon as right
from gradcheck import derivation, simplex


@derivation(p=simplex("k"), q=simplex("k"))
def jensen_shannon(p, q):
    return right.jensen_shannon(p, q)


@jensen_shannon.vjp
def half_forgotten(dl, p, q):
    dp, dq = right.backward(dl, p, q)
    return 2 * dp, 2 * dq


@jensen_shannon.vjp
def the_other_distribution_for_the_middle(dl, p, q):
    return dl * (np.log(p) - np.log(q)) / 2, dl * (np.log(q) - np.log(p)) / 2
