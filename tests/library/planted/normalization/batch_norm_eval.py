"""Wrong versions of claims in ``derivations/normalization/batch_norm_eval.py``."""

from derivations.normalization import batch_norm as training
from derivations.normalization import batch_norm_eval as right
from gradcheck import derivation


@derivation(x="n c", gamma="c", beta="c", mean=right.MEAN, variance=right.VARIANCE)
def batch_norm_eval(x, gamma, beta, mean, variance):
    return right.batch_norm_eval(x, gamma, beta, mean, variance)


@batch_norm_eval.vjp
def rule_of_training(dy, x, gamma, beta):
    return *training.backward(dy, x, gamma, beta), None, None


@batch_norm_eval.vjp
def root_of_the_variance_forgotten(dy, x, gamma, mean, variance):
    _, dgamma, dbeta, _, _ = right.backward(dy, x, gamma, mean, variance)
    return dy * gamma / (variance + right.EPSILON), dgamma, dbeta, None, None
