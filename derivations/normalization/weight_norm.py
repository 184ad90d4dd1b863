r"""Weight normalization: a length and a direction for the weights of each unit.

$$W_{:c} = g_c \frac{V_{:c}}{\|V_{:c}\|}, \qquad
dg_c = \frac{dW_{:c} \cdot V_{:c}}{\|V_{:c}\|}, \qquad
dV_{:c} = \frac{g_c}{\|V_{:c}\|} \Big( dW_{:c} - dg_c \frac{V_{:c}}{\|V_{:c}\|} \Big)$$

``V`` and ``W`` are ``(d, m)``, the lengths ``g`` are ``(m,)``. By the row convention, $z = x W$,
the weights of unit $c$ are the *column* $c$. Salimans and Kingma, "Weight normalization", 2016.
"""

import numpy as np

from gradcheck import derivation, identity, options, real

DIRECTIONS = real("d m", nonzero=True)


@options(output="W")
@derivation(V=DIRECTIONS, g="m")
def weight_norm(V, g):
    r"""$g_c V_{:c} / \|V_{:c}\|$, shape ``(d, m)``."""
    return g * V / np.sqrt((V * V).sum(axis=0))


@weight_norm.vjp
def backward(dW, V, g):
    r"""$dV$ ``(d, m)`` and $dg$ ``(m,)``."""
    norm = np.sqrt((V * V).sum(axis=0))
    direction = V / norm
    dg = (dW * direction).sum(axis=0)
    return g / norm * (dW - dg * direction), dg


@weight_norm.jvp
def forward_mode(dV, dg, V, g):
    r"""$\dot g u + g \dot u$ with $\dot u = (\dot V - u (u \cdot \dot V)) / \|V\|$; ``(d, m)``."""
    norm = np.sqrt((V * V).sum(axis=0))
    u = V / norm
    return dg * u + g * (dV - u * (u * dV).sum(axis=0)) / norm


@identity(V=DIRECTIONS, g="m", dW="d m")
def orthogonal_to_the_direction(V, g, dW):
    r"""$dV_{:c} \cdot V_{:c} = 0$: gradient steps can only make $V$ longer; ``(m,)``."""
    dV, dg = backward(dW, V, g)
    return (dV * V).sum(axis=0), 0 * dg
