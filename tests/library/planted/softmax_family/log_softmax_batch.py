"""Wrong versions of claims in ``derivations/softmax_family/log_softmax_batch.py``."""

import numpy as np

from derivations.softmax_family import log_softmax_batch as right
from gradcheck import derivation, options


@options(output="a")
@derivation(z="*batch k")
def log_softmax_batch(z):
    return right.log_softmax_batch(z)


@log_softmax_batch.vjp
def sum_over_the_whole_batch(da, a):
    return da - np.exp(a) * da.sum()


@log_softmax_batch.vjp
def rule_of_softmax(da, a):
    y = np.exp(a)
    return y * (da - (da * y).sum(axis=-1, keepdims=True))
