"""Wrong versions of the claims in ``derivations/softmax_cross_entropy.py``."""

import numpy as np

from derivations import softmax_cross_entropy as right
from derivations.log_softmax import log_softmax
from derivations.softmax import softmax
from derivations.softmax_batch import backward as softmax_backward
from derivations.softmax_batch import softmax_batch
from gradcheck import derivation, identity, integers, real, simplex

LABELS = integers("n", low=0, high="k")


@derivation(z="n k", labels=LABELS)
def softmax_cross_entropy(z, labels):
    return right.softmax_cross_entropy(z, labels)


@softmax_cross_entropy.vjp("z")
def target_minus_prediction(dl, z, labels):
    return -right.backward(dl, z, labels)


@softmax_cross_entropy.vjp("z")
def not_averaged(dl, z, labels):
    return right.backward(dl, z, labels) * len(z)


@softmax_cross_entropy.vjp("z")
def softmax_rule_applied_again(dl, z, labels):
    return softmax_backward(right.backward(dl, z, labels), softmax_batch(z))


@softmax_cross_entropy.vjp("z")
def scores_for_probabilities(dl, z, labels):
    return dl * (z - np.eye(z.shape[1])[labels]) / len(z)


@derivation(z="*batch k", t=simplex("*batch k"))
def softmax_cross_entropy_of_targets(z, t):
    return right.softmax_cross_entropy_of_targets(z, t)


@softmax_cross_entropy_of_targets.vjp
def upstream_forgotten(dl, z, t):
    return right.backward_of_targets(1.0, z, t)


@softmax_cross_entropy_of_targets.vjp
def probabilities_for_the_gradient_of_the_targets(dl, z, t):
    rows = z[..., 0].size
    p = np.exp(log_softmax(z))
    return dl * (p - t) / rows, -dl * p / rows


@identity(z=real("k", low=-30, high=30), t=simplex("k"))
def diagonal_of_the_matrix_only(z, t):
    p = softmax(z)
    return -(t / p) * p * (1 - p), p - t


@identity(z="n k", labels=LABELS)
def label_for_its_unit_vector(z, labels):
    return right.backward(1.0, z, labels), (softmax_batch(z) - labels[:, np.newaxis]) / len(z)
