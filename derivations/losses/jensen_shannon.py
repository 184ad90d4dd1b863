r"""The Jensen-Shannon divergence: symmetric, and never infinite.

$$l = \tfrac12 \mathrm{KL}(p \,\|\, m) + \tfrac12 \mathrm{KL}(q \,\|\, m), \quad
m = \tfrac12 (p + q), \qquad
\frac{\partial l}{\partial p_j} = \tfrac12 \log \frac{p_j}{m_j}, \quad
\frac{\partial l}{\partial q_j} = \tfrac12 \log \frac{q_j}{m_j}$$

``p`` and ``q`` are ``(k,)`` and sum to 1, $l$ is a scalar. Lin, "Divergence measures based on the
Shannon entropy", 1991. ``p`` is used twice, once through ``m``; that path adds only a constant.
"""

import numpy as np

from derivations.losses.kl_divergence import gradient_of_p as kl_gradient_of_p
from derivations.losses.kl_divergence import gradient_of_q as kl_gradient_of_q
from derivations.losses.kl_divergence import kl_divergence
from gradcheck import derivation, identity, simplex


@derivation(p=simplex("k"), q=simplex("k"))
def jensen_shannon(p, q):
    r"""$\frac12 \sum_j (p_j \log \frac{p_j}{m_j} + q_j \log \frac{q_j}{m_j})$, a scalar."""
    log_m = np.log((p + q) / 2)
    return (p * (np.log(p) - log_m) + q * (np.log(q) - log_m)).sum() / 2


@jensen_shannon.vjp
def backward(dl, p, q):
    r"""$\frac12 dl \log (p / m)$ and $\frac12 dl \log (q / m)$, each ``(k,)``."""
    log_m = np.log((p + q) / 2)
    return dl * (np.log(p) - log_m) / 2, dl * (np.log(q) - log_m) / 2


@identity(p=simplex("k"), q=simplex("k"))
def path_through_the_middle(p, q):
    r"""All paths to ``p``, $\frac12 (\log \frac{p}{m} + 1) - \frac12 \frac{p + q}{2m}$; ``(k,)``.

    The last term is $-\frac12$, and cancels the 1.
    """
    m = (p + q) / 2
    direct = kl_gradient_of_p(p, m) / 2
    through_m = (kl_gradient_of_q(p, m) + kl_gradient_of_q(q, m)) / 2 * 0.5
    return direct + through_m, backward(1.0, p, q)[0]


@identity(p=simplex("k"), q=simplex("k"))
def two_divergences(p, q):
    r"""The definition, and its symmetry; scalars."""
    m = (p + q) / 2
    defined = (kl_divergence(p, m) + kl_divergence(q, m)) / 2
    return jensen_shannon(p, q), defined, jensen_shannon(q, p)
