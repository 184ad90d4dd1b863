"""Wrong versions of claims in ``derivations/losses/kl_of_scores.py``."""

import numpy as np

from derivations.log_softmax import log_softmax
from derivations.losses import kl_of_scores as right
from gradcheck import derivation


@derivation(a="k", b="k")
def kl_of_scores(a, b):
    return right.kl_of_scores(a, b)


@kl_of_scores.vjp
def loss_not_subtracted(dl, a, b):
    log_p, log_q = log_softmax(a), log_softmax(b)
    p = np.exp(log_p)
    return dl * p * (log_p - log_q), dl * (np.exp(log_q) - p)
