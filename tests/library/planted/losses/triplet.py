"""Wrong versions of claims in ``derivations/losses/triplet.py``."""

from derivations.losses import triplet as right
from gradcheck import derivation


@derivation(x="a d", p="a d", n="a d")
def triplet(x, p, n):
    return right.triplet(x, p, n)


@triplet.vjp
def anchor_used_twice_counted_once(dl, x, p, n):
    _, dp, dn = right.backward(dl, x, p, n)
    return -dp, dp, dn


@triplet.vjp
def mask_forgotten(dl, x, p, n):
    h = 2 * dl / len(x)
    return h * (n - p), h * (p - x), h * (x - n)
