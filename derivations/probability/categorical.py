r"""The log-likelihood of a class, from scores; its score function and Fisher information.

$$l = \log p_t = z_t - \log \sum_n e^{z_n}, \qquad
\frac{\partial l}{\partial z} = e_t - p, \qquad
\frac{\partial^2 l}{\partial z\, \partial z^T} = -(\mathrm{diag}(p) - p\, p^T)$$

The scores ``z`` are ``(k,)``, the class ``label`` is $t$, $l$ is a scalar. Minus the gradient is
the $p - t$ of softmax with cross-entropy. The Hessian does not depend on the class: minus the
Fisher information.

Bishop, "Pattern recognition and machine learning", 2006.
"""

import numpy as np

from derivations.log_softmax import log_softmax
from derivations.softmax import backward as softmax_backward
from derivations.softmax import jacobian as softmax_jacobian
from derivations.softmax import softmax
from gradcheck import derivation, identity, integers, options

LABEL = integers(low=0, high="k")


@options(output="l")
@derivation(z="k", label=LABEL)
def log_likelihood(z, label):
    r"""$\log p_t$, a scalar."""
    return log_softmax(z)[label]


@log_likelihood.gradient
def gradient(z, label):
    r"""$e_t - p$, shape ``(k,)``: the score."""
    return np.eye(len(z))[label] - softmax(z)


@log_likelihood.hessian
def hessian(z):
    r"""$-(\mathrm{diag}(p) - p p^T)$, shape ``(k, k)``."""
    return -softmax_jacobian(softmax(z))


@options(output="r")
@derivation(z="k", f="k")
def expected_reward(z, f):
    r"""$r = \sum_t p_t f_t$, a scalar: what a policy with scores ``z`` earns."""
    return softmax(z) @ f


@expected_reward.vjp
def policy_gradient(dr, z, f):
    r"""$dz = dr\, p \odot (f - p \cdot f)$ and $df = dr\, p$, each ``(k,)``."""
    p = softmax(z)
    return dr * p * (f - p @ f), dr * p


@identity(z="k")
def expected_score_is_zero(z):
    r"""$\sum_t p_t \nabla \log p_t = 0$; shape ``(k,)``."""
    p = softmax(z)
    return sum(p[t] * gradient(z, t) for t in range(len(z))), np.zeros_like(z)


@identity(z="k")
def information_is_the_variance_of_the_score(z):
    r"""$\sum_t p_t\, s_t s_t^T = -H$ with the scores $s_t$; shape ``(k, k)``."""
    p = softmax(z)
    scores = [gradient(z, t) for t in range(len(z))]
    return sum(p[t] * np.outer(s, s) for t, s in enumerate(scores)), -hessian(z)


@identity(z="k", f="k")
def score_function_estimator(z, f):
    r"""$\nabla \sum_t p_t f_t = \sum_t p_t f_t \nabla \log p_t$: REINFORCE, exactly; ``(k,)``.

    The third expression is the rule of softmax for the upstream gradient $f$. Williams, "Simple
    statistical gradient-following algorithms", 1992.
    """
    p = softmax(z)
    estimator = sum(p[t] * f[t] * gradient(z, t) for t in range(len(z)))
    return policy_gradient(1.0, z, f)[0], estimator, softmax_backward(f, p)
