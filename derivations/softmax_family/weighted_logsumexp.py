r"""The logarithm of a weighted sum of exponentials.

$$l = \log \sum_n b_n e^{z_n}, \qquad
p_n = \frac{b_n e^{z_n}}{\sum_m b_m e^{z_m}} = b_n e^{z_n - l}$$
$$\frac{\partial l}{\partial z} = p, \quad \frac{\partial l}{\partial b} = e^{z - l}, \quad
\frac{\partial^2 l}{\partial z\, \partial z^T} = \mathrm{diag}(p) - p\, p^T$$

``z`` and the weights ``b`` $> 0$ are ``(k,)``, $l$ is a scalar. With $b = 1$ it is logsumexp, with
$b = 1/k$ the smooth maximum that is at most $\max z$; in a mixture model $b$ are the shares.

Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax functions", 2021.
"""

import numpy as np

from derivations.logsumexp import logsumexp
from gradcheck import derivation, identity, options, real

POSITIVE = real("k", low=0)


@options(output="l")
@derivation(z="k", b=POSITIVE)
def weighted_logsumexp(z, b):
    r"""$m + \log \sum_n b_n e^{z_n - m}$ with $m = \max_n (z_n + \log b_n)$, a scalar.

    The largest term is 1: with $m = \max z$ its weight could be so small that all underflow.
    """
    terms = z + np.log(b)
    return terms.max() + np.log(np.exp(terms - terms.max()).sum())


def shares(z, b, l):
    r"""$p_n = b_n e^{z_n - l}$, shape ``(k,)``."""
    return np.exp(z + np.log(b) - l)


@weighted_logsumexp.gradient
def gradient(z, b, l):
    r"""$p$ and $e^{z - l}$, each ``(k,)``."""
    return shares(z, b, l), np.exp(z - l)


@weighted_logsumexp.hessian("z")
def hessian_of_scores(z, b, l):
    r"""$\mathrm{diag}(p) - p\, p^T$, shape ``(k, k)``: the softmax matrix of the shares."""
    p = shares(z, b, l)
    return np.diag(p) - np.outer(p, p)


@weighted_logsumexp.jvp
def forward_mode(dz, db, z, b, l):
    r"""$\dot l = p \cdot \dot z + e^{z - l} \cdot \dot b$, a scalar."""
    return shares(z, b, l) @ dz + np.exp(z - l) @ db


@identity(z="k", b=POSITIVE)
def weights_are_shifts(z, b):
    r"""$b_n e^{z_n} = e^{z_n + \log b_n}$: a weight is a shift of its score; scalars."""
    return weighted_logsumexp(z, b), logsumexp(z + np.log(b))


@identity(z="k", b=POSITIVE)
def shares_sum_to_one(z, b):
    r"""$\sum_n p_n = \sum_n b_n\, \partial l / \partial b_n = 1$: Euler's rule; three scalars."""
    l = weighted_logsumexp(z, b)
    by_score, by_weight = gradient(z, b, l)
    return by_score.sum(), by_weight @ b, 1.0
