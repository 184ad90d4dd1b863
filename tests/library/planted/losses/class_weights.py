"""Wrong versions of claims in ``derivations/losses/class_weights.py``."""

import numpy as np

from derivations.log_softmax import log_softmax
from derivations.losses import class_weights as right
from gradcheck import derivation


@derivation(z="n k", labels=right.LABELS, w=right.WEIGHTS)
def weighted_cross_entropy(z, labels, w):
    return right.weighted_cross_entropy(z, labels, w)


@weighted_cross_entropy.vjp("z")
def weights_on_the_class_axis(dl, z, labels, w):
    p_minus_t = np.exp(log_softmax(z)) - np.eye(len(w))[labels]
    return dl * w * p_minus_t / w[labels].sum()


@weighted_cross_entropy.vjp("z")
def divided_by_the_count(dl, z, labels, w):
    return right.dl_dz(dl, z, labels, w) * w[labels].sum() / len(z)


@weighted_cross_entropy.vjp("w")
def rows_of_one_label_overwrite_each_other(dl, z, labels, w, y):
    loss = -log_softmax(z)[np.arange(len(z)), labels]
    dw = np.zeros_like(w)
    dw[labels] += dl * (loss - y) / w[labels].sum()
    return dw
