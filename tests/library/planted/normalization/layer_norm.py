"""Wrong versions of claims in ``derivations/normalization/layer_norm.py``."""

import numpy as np

from derivations.normalization import layer_norm as right
from derivations.normalization.standardize import backward as standardize_backward
from derivations.normalization.standardize import standardize
from gradcheck import derivation


@derivation(x="n m", gamma="m", beta="m")
def layer_norm(x, gamma, beta):
    return right.layer_norm(x, gamma, beta)


@layer_norm.vjp
def gain_applied_after_the_means(dy, x, gamma):
    _, dgamma, dbeta = right.backward(dy, x, gamma)
    return gamma * standardize_backward(dy, x, standardize(x)), dgamma, dbeta


@layer_norm.vjp
def parameters_summed_over_the_features(dy, x, gamma):
    dx, _, _ = right.backward(dy, x, gamma)
    dgamma, dbeta = (dy * standardize(x)).sum(axis=1), dy.sum(axis=1)
    return dx, np.resize(dgamma, gamma.shape), np.resize(dbeta, gamma.shape)
