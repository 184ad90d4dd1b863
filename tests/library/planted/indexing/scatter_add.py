"""Wrong versions of claims in ``derivations/indexing/scatter_add.py``."""

import numpy as np

from derivations.indexing import scatter_add as right
from gradcheck import derivation, integers, options


@options(sizes=right.SMALL)
@derivation(x="k d", u="n d", index=integers("n", low=0, high="k"))
def scatter_add(x, u, index):
    return right.scatter_add(x, u, index)


@scatter_add.vjp
def shared_among_those_that_landed_together(dy, index):
    counts = np.bincount(index, minlength=len(dy))
    return dy.copy(), (dy / np.maximum(counts, 1)[:, np.newaxis])[index]


@scatter_add.vjp
def table_taken_for_overwritten(dy, index):
    dx = dy.copy()
    dx[index] = 0
    return dx, dy[index]
