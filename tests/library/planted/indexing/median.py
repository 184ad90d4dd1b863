"""Wrong versions of claims in ``derivations/indexing/median.py``."""

import numpy as np

from derivations.indexing import median as right
from gradcheck import derivation, options


@options(sizes=right.SMALL)
@derivation(x="k")
def median(x):
    return right.median(x)


@median.gradient
def always_one_entry(x):
    return np.eye(len(x))[np.argsort(x)[len(x) // 2]]


@median.gradient
def place_before_sorting(x):
    return np.eye(len(x))[len(x) // 2]
