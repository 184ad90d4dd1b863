"""Wrong versions of claims in ``derivations/indexing/mean.py``."""

import numpy as np

from derivations.indexing import mean as right
from gradcheck import derivation, real


@derivation(x="n d")
def mean(x):
    return right.mean(x)


@mean.vjp
def sum_for_mean(dy, x):
    return np.broadcast_to(dy, x.shape)


@mean.vjp
def averaged_over_the_columns_too(dy, x):
    return np.broadcast_to(dy / x.size, x.shape)


@derivation(x="k", w=real("k", low=0))
def weighted_mean(x, w):
    return right.weighted_mean(x, w)


@weighted_mean.gradient("w")
def sum_of_the_weights_taken_for_a_constant(x, w):
    return x / w.sum()
