"""Wrong versions of claims in ``derivations/losses/kl_divergence.py``."""

import numpy as np

from derivations.losses import kl_divergence as right
from gradcheck import derivation, identity, simplex


@derivation(p=simplex("k"), q=simplex("k"))
def kl_divergence(p, q):
    return right.kl_divergence(p, q)


@kl_divergence.gradient("p")
def entropy_forgotten(q):
    return -np.log(q)


@kl_divergence.gradient("q")
def the_other_divergence(p, q):
    return np.log(q) - np.log(p) + 1


@identity(p=simplex("k"), q=simplex("k"))
def symmetric(p, q):
    return right.kl_divergence(p, q), right.kl_divergence(q, p)
