r"""The cosine of the angle between two rows.

$$c_a = \frac{x_a \cdot z_a}{\|x_a\|\, \|z_a\|} = u_a \cdot w_a, \quad
u = \frac{x}{\|x\|}, \; w = \frac{z}{\|z\|}, \qquad
dx_a = \frac{dc_a}{\|x_a\|} (w_a - c_a u_a), \quad dz_a = \frac{dc_a}{\|z_a\|} (u_a - c_a w_a)$$

``x`` and ``z``, with no row 0, are ``(n, m)``, ``c`` is ``(n,)``.

Salton, Wong and Yang, "A vector space model for automatic indexing", 1975.
"""

import numpy as np

from derivations.normalization.l2_normalize import backward as normalize_backward
from derivations.normalization.l2_normalize import l2_normalize, length
from gradcheck import derivation, identity, options, real

ROWS = real("n m", nonzero=True)


@options(output="c")
@derivation(x=ROWS, z=ROWS)
def cosine_similarity(x, z):
    r"""$x_a \cdot z_a / (\|x_a\| \|z_a\|)$, shape ``(n,)``."""
    return (l2_normalize(x) * l2_normalize(z)).sum(axis=1)


@cosine_similarity.vjp
def backward(dc, x, z, c):
    r"""$dx$ and $dz$, each ``(n, m)``."""
    u, w = l2_normalize(x), l2_normalize(z)
    dc, c = dc[:, np.newaxis], c[:, np.newaxis]
    return dc * (w - c * u) / length(x), dc * (u - c * w) / length(z)


@identity(x=ROWS, z=ROWS, dc="n")
def two_normalizations(x, z, dc):
    r"""The product hands $dc\, w$ to the rule of $x / \|x\|$; ``(n, m)``."""
    u, w = l2_normalize(x), l2_normalize(z)
    dx, _ = backward(dc, x, z, cosine_similarity(x, z))
    return dx, normalize_backward(dc[:, np.newaxis] * w, x, u)


@identity(x=ROWS, dc="n")
def largest_at_itself(x, dc):
    r"""At $z = x$ the cosine is 1 and level: $dx \|x\| = 0$; ``(n, m)``."""
    dx, _ = backward(dc, x, x, np.ones(len(x)))
    return dx * length(x), 0 * x
