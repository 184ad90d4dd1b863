"""Wrong versions of claims in ``derivations/normalization/rms_norm.py``."""

from derivations.normalization import rms_norm as right
from derivations.normalization.standardize import backward as standardize_backward
from gradcheck import derivation


@derivation(x="n m", gamma="m")
def rms_norm(x, gamma):
    return right.rms_norm(x, gamma)


@rms_norm.vjp
def rule_of_layer_norm(dy, x, gamma):
    _, dgamma = right.backward(dy, x, gamma)
    return standardize_backward(dy * gamma, x, x / right.root_mean_square(x)), dgamma


@rms_norm.vjp
def root_mean_square_taken_for_a_constant(dy, x, gamma):
    _, dgamma = right.backward(dy, x, gamma)
    return dy * gamma / right.root_mean_square(x), dgamma
