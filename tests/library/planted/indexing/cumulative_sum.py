"""Wrong versions of claims in ``derivations/indexing/cumulative_sum.py``."""

import numpy as np

from derivations.indexing import cumulative_sum as right
from gradcheck import derivation


@derivation(x="k")
def cumulative_sum(x):
    return right.cumulative_sum(x)


@cumulative_sum.jacobian
def upper_triangle(x):
    return np.tri(len(x)).T


@cumulative_sum.vjp
def summed_from_the_same_end(dy):
    return np.cumsum(dy)


@cumulative_sum.vjp
def order_not_restored(dy):
    return np.cumsum(dy[::-1])
