"""Wrong versions of claims in ``derivations/indexing/norm.py``."""

import numpy as np

from derivations.indexing import norm as right
from gradcheck import derivation, options, real


@options(sizes=right.SMALL)
@derivation(x=right.NOT_ZERO)
def norm(x):
    return right.norm(x)


@norm.gradient
def gradient_of_the_square(x):
    return 2 * x


@norm.vjp
def divided_by_the_square(dy, x, y):
    return dy * x / y**2


@options(sizes=right.SMALL)
@derivation(x=right.NOT_ZERO, p=right.POWERS)
def p_norm(x, p):
    return right.p_norm(x, p)


@p_norm.vjp
def sign_lost(dy, x, p, y):
    return dy * (np.abs(x) / y) ** (p - 1)


@derivation(x=real("n k", nonzero=True))
def row_norms(x):
    return right.row_norms(x)


@row_norms.vjp
def norm_of_all_rows(dy, x):
    return dy * x / np.sqrt((x**2).sum())
