"""Wrong versions of the claims in ``derivations/softmax_batch.py``."""

import numpy as np

from derivations import softmax_batch as right
from derivations.softmax import backward as backward_of_one_row
from derivations.softmax import softmax
from gradcheck import derivation, identity


@derivation(z="n k")
def softmax_batch(z):
    return right.softmax_batch(z)


@softmax_batch.vjp
def sum_over_the_batch_axis(dy, y):
    return y * (dy - (dy * y).sum(axis=0, keepdims=True))


@softmax_batch.vjp
def sum_over_everything(dy, y):
    return y * (dy - (dy * y).sum())


@softmax_batch.vjp
def keepdims_lost(dy, y):
    return y * (dy - (dy * y).sum(axis=-1))


@identity(z="n k", dy="n k")
def first_upstream_row_for_all(z, dy):
    rows = [backward_of_one_row(dy[0], softmax(z_a)) for z_a in z]
    return right.backward(dy, softmax(z)), np.stack(rows)
