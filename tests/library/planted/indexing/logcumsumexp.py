"""Wrong versions of claims in ``derivations/indexing/logcumsumexp.py``."""

import numpy as np

from derivations.indexing import logcumsumexp as right
from derivations.softmax import softmax
from gradcheck import derivation, options


@options(sizes=right.SMALL)
@derivation(x="k")
def logcumsumexp(x):
    return right.logcumsumexp(x)


@logcumsumexp.vjp
def overflows(dy, x, y):
    return np.exp(x) * np.cumsum((dy * np.exp(-y))[::-1])[::-1]


@logcumsumexp.vjp
def softmax_of_all_for_every_output(dy, x):
    return dy.sum() * softmax(x)
