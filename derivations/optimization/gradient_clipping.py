r"""Clipping a gradient by its norm.

$$y = g \min\Big(1, \frac{c}{\|g\|}\Big), \qquad
\frac{\partial y}{\partial g} = \frac{c}{\|g\|} (I - u u^T) \;\text{ where } \|g\| > c, \quad
u = \frac{g}{\|g\|}$$

Where it clips, the length does not change any more: along $g$ the derivative is 0. Where it does
not, it is the identity matrix. At $\|g\| = c$ there is a kink.
Source: R. Pascanu et al., "On the difficulty of training recurrent neural networks", 2013.
"""

import numpy as np

from derivations.indexing.norm import norm
from gradcheck import derivation, identity, options, real

SMALL = {"k": (1, 10)}
CLIPPED = {"g": real("k", nonzero=True), "c": real(low=0)}


@options(sizes=SMALL)
@derivation(**CLIPPED)
def clip_by_norm(g, c):
    r"""$g$ where its norm is at most $c$, else $c\, g / \|g\|$; shape ``(k,)``."""
    length = norm(g)
    return g if length <= c else c * (g / length)


@clip_by_norm.jacobian("g")
def jacobian(g, c):
    r"""$I$ or $\frac{c}{\|g\|} (I - u u^T)$, shape ``(k, k)``."""
    length = norm(g)
    if length <= c:
        return np.eye(len(g))
    u = g / length
    return c / length * (np.eye(len(g)) - np.outer(u, u))


@clip_by_norm.vjp
def backward(dy, g, c):
    r"""$dg$ ``(k,)`` and $dc$, a scalar: $dc = \langle u, dy \rangle$ where it clips, else 0."""
    length = norm(g)
    if length <= c:
        return dy, 0.0
    u = g / length
    return c / length * (dy - (dy @ u) * u), dy @ u


@options(sizes=SMALL)
@identity(**CLIPPED)
def no_longer_than_allowed(g, c):
    r"""$\|y\| = \min(\|g\|, c)$: two scalars."""
    return norm(clip_by_norm(g, c)), np.minimum(norm(g), c)


@options(sizes=SMALL)
@identity(g=real("k", nonzero=True), share=real(low=0, high=1))
def length_is_forgotten(g, share):
    r"""Where it clips, $\langle \text{rule}(dy), g \rangle = 0$ for every $dy$, here $g$ itself."""
    dg = backward(g, g, share * norm(g))[0]
    return dg @ g, 0.0
