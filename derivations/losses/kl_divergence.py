r"""The Kullback-Leibler divergence of two distributions.

$$l = \sum_j p_j \log \frac{p_j}{q_j}, \qquad
\frac{\partial l}{\partial p_j} = \log \frac{p_j}{q_j} + 1, \qquad
\frac{\partial l}{\partial q_j} = -\frac{p_j}{q_j}$$

``p`` and ``q`` are ``(k,)`` and sum to 1, $l$ is a scalar. Kullback and Leibler, "On information
and sufficiency", 1951. Probabilities move along directions of sum 0 alone, so the constant 1 could
as well be left out. From scores instead of probabilities: ``kl_of_scores.py``.
"""

import numpy as np

from gradcheck import derivation, identity, simplex


@derivation(p=simplex("k"), q=simplex("k"))
def kl_divergence(p, q):
    r"""$\sum_j p_j (\log p_j - \log q_j)$, a scalar."""
    return (p * (np.log(p) - np.log(q))).sum()


@kl_divergence.gradient("p")
def gradient_of_p(p, q):
    r"""$\log p - \log q + 1$, shape ``(k,)``."""
    return np.log(p) - np.log(q) + 1


@kl_divergence.gradient("q")
def gradient_of_q(p, q):
    r"""$-p / q$, shape ``(k,)``."""
    return -p / q


@kl_divergence.jvp
def forward_mode(dp, dq, p, q):
    r"""$\dot l = (\log p - \log q) \cdot \dot p - (p / q) \cdot \dot q$, a scalar."""
    return (np.log(p) - np.log(q)) @ dp - (p / q) @ dq


@identity(p=simplex("k"), q=simplex("k"))
def cross_entropy_minus_entropy(p, q):
    r"""$l = -\sum p \log q + \sum p \log p$, a scalar."""
    return kl_divergence(p, q), -(p * np.log(q)).sum() + (p * np.log(p)).sum()


@identity(p=simplex("k"))
def least_where_equal(p):
    r"""At $q = p$ the divergence is 0 and its gradient by ``q`` constant, so level; ``(k,)``."""
    return kl_divergence(p, p) + gradient_of_q(p, p), -np.ones_like(p)
