"""Wrong versions of claims in ``derivations/optimization/dropout.py``."""

from derivations.optimization import dropout as right
from gradcheck import boolean, derivation


@derivation(x="n d", mask=boolean("n d"), keep=right.KEPT)
def dropout(x, mask, keep):
    return right.dropout(x, mask, keep)


@dropout.vjp
def not_scaled(dy, mask):
    return dy * mask


@dropout.vjp
def another_mask(dy, mask, keep):
    return dy * mask[::-1] / keep


@dropout.vjp
def mask_from_upstream(dy, keep):
    return dy * (dy > 0) / keep
