"""Wrong versions of claims in ``derivations/losses/label_smoothing.py``."""

import numpy as np

from derivations.log_softmax import log_softmax
from derivations.losses import label_smoothing as right
from gradcheck import derivation


@derivation(z="n k", labels=right.LABELS, smoothing=right.SMOOTHING)
def smoothed_cross_entropy(z, labels, smoothing):
    return right.smoothed_cross_entropy(z, labels, smoothing)


@smoothed_cross_entropy.vjp
def spread_over_the_other_classes_only(dl, z, labels, smoothing):
    k = z.shape[1]
    label = np.eye(k)[labels]
    targets = (1 - smoothing) * label + smoothing * (1 - label) / max(k - 1, 1)
    return dl * (np.exp(log_softmax(z)) - targets) / len(z)


@smoothed_cross_entropy.vjp
def labels_not_smoothed(dl, z, labels, smoothing):
    return dl * (np.exp(log_softmax(z)) - np.eye(z.shape[1])[labels]) / len(z)
