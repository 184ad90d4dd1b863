"""Wrong versions of claims in ``derivations/indexing/top_k.py``."""

import numpy as np

from derivations.indexing import top_k as right
from gradcheck import derivation, options


@options(sizes=right.SMALL)
@derivation(x="n k", m=right.HOW_MANY)
def top_k(x, m):
    return right.top_k(x, m)


@top_k.vjp
def smallest_for_largest(dy, x, m):
    return right.backward(dy, -x, m)


@top_k.vjp
def places_of_the_first_row_for_all(dy, x, m):
    dx = np.zeros_like(x)
    dx[:, right.places(x, m)[0]] = dy
    return dx
