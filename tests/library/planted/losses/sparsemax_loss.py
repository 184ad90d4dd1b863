"""Wrong versions of claims in ``derivations/losses/sparsemax_loss.py``."""

import numpy as np

from derivations.losses import sparsemax_loss as right
from derivations.softmax import softmax
from derivations.softmax_family.sparsemax import sparsemax
from gradcheck import derivation


@derivation(z="k", label=right.LABEL)
def sparsemax_loss(z, label):
    return right.sparsemax_loss(z, label)


@sparsemax_loss.gradient
def gradient_of_cross_entropy(z, label):
    return softmax(z) - np.eye(len(z))[label]


@sparsemax_loss.hessian
def support_taken_for_fixed_mass(z):
    return np.diag(1.0 * (sparsemax(z) > 0))
