"""Wrong versions of claims in ``derivations/losses/contrastive.py``."""

import numpy as np

from derivations.losses import contrastive as right
from gradcheck import derivation


@derivation(x="n d", z="n d", like=right.LIKE)
def contrastive(x, z, like):
    return right.contrastive(x, z, like)


@contrastive.vjp
def distance_not_divided_by(dl, x, z, like):
    distance = np.sqrt(((x - z) ** 2).sum(axis=1))
    pull = np.maximum(0, right.MARGIN - distance)
    dx = dl * np.where(like, 1.0, -pull)[:, np.newaxis] * (x - z) / len(x)
    return dx, -dx
