r"""The entropy of a softmax distribution, from its scores.

$$H = -\sum_j p_j \log p_j, \quad p = \mathrm{softmax}(z), \qquad
\frac{\partial H}{\partial z} = -p \odot (\log p + H)$$

``z`` is ``(k,)``, $H$ is a scalar from 0 to $\log k$: the bonus that keeps a policy from becoming
certain. A probability that underflows to 0 takes no part. Of the two terms $\log p_j + 1$ of
$\partial H / \partial p_j$, the 1 is lost in the Jacobian of softmax, whose rows sum to 0.

Williams and Peng, "Function optimization using connectionist reinforcement learning algorithms",
1991.
"""

import numpy as np

from derivations.log_softmax import log_softmax
from derivations.losses.kl_of_scores import kl_of_scores
from derivations.softmax import backward as softmax_backward
from derivations.softmax import softmax
from gradcheck import derivation, identity, options, real


@options(output="H")
@derivation(z="k")
def entropy(z):
    r"""$-\sum_j p_j \log p_j$, a scalar."""
    log_p = log_softmax(z)
    return -np.exp(log_p) @ log_p


@entropy.gradient
def gradient(z, H):
    r"""$-p \odot (\log p + H)$, shape ``(k,)``."""
    log_p = log_softmax(z)
    return -np.exp(log_p) * (log_p + H)


@entropy.jvp
def forward_mode(dz, z):
    r"""$\dot H = -\sum_j \dot p_j \log p_j$ with $\dot p = J \dot z$, a scalar."""
    return -softmax_backward(dz, softmax(z)) @ log_softmax(z)


@identity(z=real("k", low=-15, high=15))
def through_softmax(z):
    r"""$-\log p - 1$ by the rule of softmax, with the 1 and without; ``(k,)``."""
    p = softmax(z)
    return (
        softmax_backward(-np.log(p) - 1, p),
        softmax_backward(-np.log(p), p),
        gradient(z, entropy(z)),
    )


@identity(z="k")
def distance_from_uniform(z):
    r"""$H = \log k - \mathrm{KL}(p \,\|\, \text{uniform})$; scalars."""
    return entropy(z), np.log(len(z)) - kl_of_scores(z, np.zeros_like(z))
