"""Wrong versions of claims in ``derivations/activations/maxout.py``."""

import numpy as np

from derivations.activations import maxout as right
from gradcheck import derivation, identity, integers


@derivation(x="n q c")
def maxout(x):
    return right.maxout(x)


@maxout.vjp
def winner_of_the_first_row_for_all(dy, x):
    return dy[:, np.newaxis, :] * right.winners(x)[:1]


@identity(x=integers("n q c", low=-1, high=2), dy="n c")
def every_tie_gets_the_gradient(x, dy):
    everywhere = dy[:, np.newaxis, :] * (x == x.max(axis=1, keepdims=True))
    return everywhere.sum(axis=1), dy
