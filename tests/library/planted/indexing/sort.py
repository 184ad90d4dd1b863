"""Wrong versions of claims in ``derivations/indexing/sort.py``."""

import numpy as np

from derivations.indexing import sort as right
from gradcheck import derivation, options


@options(sizes=right.SMALL)
@derivation(x="k")
def sort(x):
    return right.sort(x)


@sort.vjp
def permuted_forwards_again(dy, x):
    return dy[np.argsort(x)]


@sort.vjp
def left_in_place(dy, x):
    return dy.copy()


@sort.jvp
def permuted_backwards(dx, x):
    return right.backward(dx, x)
