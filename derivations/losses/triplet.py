r"""The triplet loss: an anchor has to be nearer to its like than to its unlike.

$$l = \frac{1}{N} \sum_a \max \big( 0,\; \|x_a - p_a\|^2 - \|x_a - n_a\|^2 + m \big)$$
$$dx_a = \frac{2}{N} h_a (n_a - p_a), \quad dp_a = \frac{2}{N} h_a (p_a - x_a), \quad
dn_a = \frac{2}{N} h_a (x_a - n_a), \quad h_a = [\text{the maximum is not } 0]$$

The anchors ``x``, positives ``p`` and negatives ``n`` are ``(a, d)``, the margin $m$ is 0.2, $l$ is
a scalar. Schroff, Kalenichenko and Philbin, "FaceNet: a unified embedding for face recognition and
clustering", 2015. On the margin there is a kink; 0 is taken there.
"""

import numpy as np

from gradcheck import derivation, identity

MARGIN = 0.2


def excess(x, p, n):
    r"""$\|x_a - p_a\|^2 - \|x_a - n_a\|^2 + m$, shape ``(a,)``."""
    return ((x - p) ** 2).sum(axis=1) - ((x - n) ** 2).sum(axis=1) + MARGIN


@derivation(x="a d", p="a d", n="a d")
def triplet(x, p, n):
    r"""The mean over the rows, a scalar."""
    return np.maximum(0, excess(x, p, n)).mean()


@triplet.vjp
def backward(dl, x, p, n):
    r"""$dx$, $dp$ and $dn$, each ``(a, d)``."""
    h = 2 * dl * (excess(x, p, n) > 0)[:, np.newaxis] / len(x)
    return h * (n - p), h * (p - x), h * (x - n)


@triplet.jvp
def forward_mode(dx, dp, dn, x, p, n):
    r"""$\frac2N \sum_a h_a ((x - p) (\dot x - \dot p) - (x - n) (\dot x - \dot n))$, a scalar."""
    active = excess(x, p, n) > 0
    towards = 2 * ((x - p) * (dx - dp)).sum(axis=1)
    away = 2 * ((x - n) * (dx - dn)).sum(axis=1)
    return (active * (towards - away)).mean()


@identity(x="a d", p="a d", n="a d")
def only_differences_count(x, p, n):
    r"""$dx + dp + dn = 0$: moving all three together changes nothing; ``(a, d)``."""
    dx, dp, dn = backward(1.0, x, p, n)
    return dx, -(dp + dn)
