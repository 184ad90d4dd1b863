"""Wrong versions of claims in ``derivations/indexing/variance.py``."""

import numpy as np

from derivations.indexing import variance as right
from gradcheck import derivation, options


@options(output="v", sizes=right.SAMPLES)
@derivation(x="k", ddof=right.DDOF)
def variance(x, ddof):
    return right.variance(x, ddof)


@variance.gradient
def ddof_forgotten(x):
    return 2 * (x - x.mean()) / len(x)


@variance.gradient
def mean_counted_twice(x, ddof):
    return 2 * (x - x.mean()) / (len(x) - ddof) * (1 - 1 / len(x))


@variance.hessian
def mean_taken_for_a_constant(x, ddof):
    return 2 / (len(x) - ddof) * np.eye(len(x))
