r"""The contrastive loss of pairs: the like come together, the unlike keep a distance.

$$l = \frac{1}{2N} \sum_a \begin{cases} D_a^2 & \text{if like} \\ \max(0, m - D_a)^2 &
\text{if unlike} \end{cases}, \quad D_a = \|x_a - z_a\|$$
$$dx_a = \frac{1}{N} \begin{cases} x_a - z_a & \text{if like} \\
-\max(0, m - D_a)\, (x_a - z_a) / D_a & \text{if unlike} \end{cases}, \qquad dz = -dx$$

``x`` and ``z`` are ``(n, d)``, the margin $m$ is 1, $l$ is a scalar. Hadsell, Chopra and LeCun,
"Dimensionality reduction by learning an invariant mapping", 2006. An unlike pair at distance 0 is
on a kink: every direction leads away; nothing flows there.
"""

import numpy as np

from gradcheck import boolean, derivation, identity

MARGIN = 1.0
LIKE = boolean("n")


@derivation(x="n d", z="n d", like=LIKE)
def contrastive(x, z, like):
    r"""Half the mean of $D^2$ for the like, of $\max(0, m - D)^2$ for the unlike; a scalar."""
    distance = np.sqrt(((x - z) ** 2).sum(axis=1))
    return (np.where(like, distance, np.maximum(0, MARGIN - distance)) ** 2).mean() / 2


@contrastive.vjp
def backward(dl, x, z, like):
    r"""$dx$ and $dz = -dx$, each ``(n, d)``."""
    distance = np.sqrt(((x - z) ** 2).sum(axis=1))
    pull = np.maximum(0, MARGIN - distance) / np.where(distance > 0, distance, 1.0)
    dx = dl * np.where(like, 1.0, -pull)[:, np.newaxis] * (x - z) / len(x)
    return dx, -dx


@identity(x="n d", z="n d")
def all_like(x, z):
    r"""Pairs that are all alike have half of the squared error; ``(n, d)``."""
    return backward(1.0, x, z, np.ones(len(x), bool))[0], (x - z) / len(x)
