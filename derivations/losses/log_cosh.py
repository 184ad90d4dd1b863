r"""The log-cosh loss: smooth, and nearly the absolute error far from 0.

$$l = \frac{1}{N} \sum_a \log \cosh(q_a - t_a), \qquad dq_a = \frac{1}{N} \tanh(q_a - t_a),
\quad dt = -dq$$

``q`` and ``t`` are ``(n,)``, $l$ is a scalar. Written as
$|r| + \log(1 + e^{-2|r|}) - \log 2$, which does not overflow.

Weak: near $r = 0$ that form is a difference of nearly equal numbers, so that
$\frac12 r^2$ keeps only the digits above 1e-16.

Green, "Bayesian reconstructions from emission tomography data using a modified EM algorithm", 1990.
"""

import math

import numpy as np

from gradcheck import derivation, identity, real


@derivation(q="n", t="n")
def log_cosh(q, t):
    r"""The mean of $\log \cosh(q - t)$, a scalar."""
    r = np.abs(q - t)
    return (r + np.log1p(np.exp(-2 * r)) - math.log(2)).mean()


@log_cosh.vjp
def backward(dl, q, t):
    r"""$dq = dl\, \tanh(q - t) / N$ and $dt = -dq$, each ``(n,)``."""
    dq = dl * np.tanh(q - t) / len(q)
    return dq, -dq


@log_cosh.hessian("q")
def hessian(q, t):
    r"""$\mathrm{diag}(1 - \tanh^2(q - t)) / N$, shape ``(n, n)``."""
    return np.diag(1 - np.tanh(q - t) ** 2) / len(q)


@identity(r=real("n", low=-700, high=700))
def textbook_form(r):
    r"""$\log \cosh r$ is the same where it does not overflow; scalars."""
    return log_cosh(r, np.zeros_like(r)), np.log(np.cosh(r)).mean()
