"""Wrong versions of claims in ``derivations/indexing/gather.py``."""

import numpy as np

from derivations.indexing import gather as right
from gradcheck import derivation, integers, options, permutation


@options(sizes=right.SMALL)
@derivation(x="n k", index=integers("n m", low=0, high="k"))
def gather(x, index):
    return right.gather(x, index)


@gather.vjp
def repeated_places_overwritten(dy, x, index):
    dx = np.zeros_like(x)
    np.put_along_axis(dx, index, dy, axis=1)
    return dx


@derivation(x="k", p=permutation("k"))
def permute(x, p):
    return right.permute(x, p)


@permute.vjp
def permuted_forwards_again(dy, p):
    return dy[p]
