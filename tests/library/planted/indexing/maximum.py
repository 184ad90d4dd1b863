"""Wrong versions of claims in ``derivations/indexing/maximum.py``."""

import numpy as np

from derivations.indexing import maximum as right
from gradcheck import derivation, identity, integers


@derivation(x="n k")
def maximum(x):
    return right.maximum(x)


@maximum.vjp
def to_every_row_alike(dy, x):
    return dy.sum() * (x == x.max())


@maximum.vjp
def value_for_its_place(dy, x):
    return dy[:, np.newaxis] * x * (x == x.max(axis=1, keepdims=True))


@identity(x=integers("n k", low=-1, high=2), dy="n")
def every_tie_gets_all_of_it(x, dy):
    return (dy[:, np.newaxis] * (x == x.max(axis=1, keepdims=True))).sum(axis=1), dy
