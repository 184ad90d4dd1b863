"""Wrong versions of claims in ``derivations/normalization/batch_norm.py``."""

import numpy as np

from derivations.normalization import batch_norm as right
from gradcheck import derivation


@derivation(x="n c", gamma="c", beta="c")
def batch_norm(x, gamma, beta):
    return right.batch_norm(x, gamma, beta)


@batch_norm.vjp
def statistics_taken_for_constants(dy, x, gamma, beta):
    _, dgamma, dbeta = right.backward(dy, x, gamma, beta)
    return dy * gamma / np.sqrt(x.var(axis=0) + right.EPSILON), dgamma, dbeta


@batch_norm.vjp
def gain_missing_in_two_terms(dy, x, gamma, beta):
    ones = np.ones_like(gamma)
    scale = 1 / np.sqrt(x.var(axis=0) + right.EPSILON)
    dx, dgamma, dbeta = right.backward(dy, x, ones, beta)
    return dx + (gamma - 1) * scale * dy, dgamma, dbeta


@batch_norm.vjp
def gain_from_the_output(dy, x, gamma, beta, y):
    dx, _, dbeta = right.backward(dy, x, gamma, beta)
    return dx, (dy * y).sum(axis=0), dbeta
