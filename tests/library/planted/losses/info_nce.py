"""Wrong versions of claims in ``derivations/losses/info_nce.py``."""

from derivations.losses import info_nce as right
from gradcheck import derivation


@derivation(Q="n d", K="n d", T=right.TEMPERATURE)
def info_nce(Q, K, T):
    return right.info_nce(Q, K, T)


@info_nce.vjp
def inner_scale_forgotten(dl, Q, K, T):
    dQ, dK, dT = right.backward(dl, Q, K, T)
    return T * dQ, T * dK, dT
