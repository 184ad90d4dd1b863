"""Wrong versions of claims in ``derivations/softmax_family/masked.py``."""

import numpy as np

from derivations.softmax_batch import softmax_batch
from derivations.softmax_family import masked as right
from gradcheck import boolean, derivation


@derivation(z="n k", mask=boolean("n k"))
def masked_softmax(z, mask):
    return right.masked_softmax(z, mask)


@masked_softmax.vjp
def masked_after_the_softmax(dy, z, mask):
    y = softmax_batch(z)
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True)) * mask


@masked_softmax.vjp
def mean_over_the_scores_let_through(dy, y, mask):
    allowed = np.maximum(mask.sum(axis=-1, keepdims=True), 1)
    return y * (dy - (dy * mask).sum(axis=-1, keepdims=True) / allowed)
