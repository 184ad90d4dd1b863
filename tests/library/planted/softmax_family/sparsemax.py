"""Wrong versions of claims in ``derivations/softmax_family/sparsemax.py``."""

import numpy as np

from derivations.softmax_family import sparsemax as right
from gradcheck import derivation


@derivation(z="k")
def sparsemax(z):
    return right.sparsemax(z)


@sparsemax.jacobian
def rule_of_softmax(y):
    return np.diag(y) - np.outer(y, y)


@sparsemax.vjp
def mean_over_all_scores(dy, y):
    return (y > 0) * (dy - dy.mean())


@sparsemax.vjp
def mask_alone(dy, y):
    return (y > 0) * dy
