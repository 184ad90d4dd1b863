"""Wrong versions of the claims in ``derivations/cross_entropy.py``."""

import numpy as np

from derivations import cross_entropy as right
from gradcheck import derivation, identity, integers, real, simplex

PREDICTED = real("*batch k", **right.PROBABILITIES)
PREDICTED_ROWS = real("n k", **right.PROBABILITIES)
LABELS = integers("n", low=0, high="k")


@derivation(q=PREDICTED, t=simplex("*batch k"))
def cross_entropy(q, t):
    return right.cross_entropy(q, t)


@cross_entropy.vjp("q")
def sign_lost(dl, q, t):
    return dl * t / (q[..., 0].size * q)


@cross_entropy.vjp("q")
def not_averaged(dl, q, t):
    return -dl * t / q


@cross_entropy.vjp("q")
def averaged_over_the_classes_too(dl, q, t):
    return -dl * t / (q.size * q)


@cross_entropy.vjp("t")
def logarithm_forgotten(dl, q):
    return -dl * q / q[..., 0].size


@derivation(q=PREDICTED_ROWS, labels=LABELS)
def cross_entropy_of_labels(q, labels):
    return right.cross_entropy_of_labels(q, labels)


@cross_entropy_of_labels.gradient("q")
def gradient_not_averaged(q, labels):
    return right.gradient_of_labels(q, labels) * len(q)


@cross_entropy_of_labels.gradient("q")
def every_class_taken_for_the_label(q):
    return -1 / (len(q) * q)


@identity(q=PREDICTED_ROWS, labels=LABELS)
def mean_and_sum(q, labels):
    summed = -(np.eye(q.shape[1])[labels] * np.log(q)).sum()
    return right.cross_entropy_of_labels(q, labels), summed
