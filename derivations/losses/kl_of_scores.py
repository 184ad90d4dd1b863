r"""The Kullback-Leibler divergence of two softmax distributions, from their scores.

$$l = \sum_j p_j (\log p_j - \log q_j), \quad p = \mathrm{softmax}(a), \; q = \mathrm{softmax}(b)$$
$$\frac{\partial l}{\partial a} = p \odot (\log p - \log q - l), \qquad
\frac{\partial l}{\partial b} = q - p$$

The scores ``a`` and ``b`` are ``(k,)``, $l$ is a scalar: the loss of distillation. Written with
log-softmax; a probability that underflows to 0 then takes no part.

Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015.
"""

import numpy as np

from derivations.log_softmax import backward as log_softmax_backward
from derivations.log_softmax import log_softmax
from derivations.losses.kl_divergence import gradient_of_p
from derivations.softmax import backward as softmax_backward
from derivations.softmax import softmax
from gradcheck import derivation, identity, real

# Within ±15 no probability is below 1e-14, so that log p of the probabilities is exact enough.
MODERATE = real("k", low=-15, high=15)


@derivation(a="k", b="k")
def kl_of_scores(a, b):
    r"""$\sum_j p_j (\log p_j - \log q_j)$, a scalar."""
    log_p, log_q = log_softmax(a), log_softmax(b)
    return (np.exp(log_p) * (log_p - log_q)).sum()


@kl_of_scores.vjp
def backward(dl, a, b, y):
    r"""$da = dl\, p \odot (\log p - \log q - l)$ and $db = dl\, (q - p)$, each ``(k,)``."""
    log_p, log_q = log_softmax(a), log_softmax(b)
    p = np.exp(log_p)
    return dl * p * (log_p - log_q - y), dl * (np.exp(log_q) - p)


@identity(a=MODERATE, b=MODERATE)
def two_steps(a, b):
    r"""The rule of the divergence, then that of softmax or of log-softmax; ``(2, k)``."""
    p, q = softmax(a), softmax(b)
    da = softmax_backward(gradient_of_p(p, q), p)
    db = log_softmax_backward(-p, log_softmax(b))
    return np.stack([da, db]), np.stack(backward(1.0, a, b, kl_of_scores(a, b)))


@identity(a="k", b="k")
def shifts_change_nothing(a, b):
    r"""Both gradients sum to 0; two zeros."""
    da, db = backward(1.0, a, b, kl_of_scores(a, b))
    return np.array([da.sum(), db.sum()]), np.zeros(2)
