r"""SwiGLU: a gated layer whose gate is a SiLU.

$$g = x W, \quad v = x V, \quad y = \mathrm{silu}(g) \odot v$$
$$dv = dy \odot \mathrm{silu}(g), \quad dg = dy \odot v \odot \mathrm{silu}'(g), \qquad
dx = dg\, W^T + dv\, V^T, \quad dW = x^T dg, \quad dV = x^T dv$$

``x`` is ``(n, d)``, ``W`` and ``V`` are ``(d, m)``, ``y`` is ``(n, m)``. Shazeer, "GLU variants
improve transformer", 2020, without biases as there. The input is used twice, so its gradient is a
sum.
"""

from derivations.activations.silu import backward as silu_backward
from derivations.activations.silu import silu
from gradcheck import derivation, identity


@derivation(x="n d", W="d m", V="d m")
def swiglu(x, W, V):
    r"""$\mathrm{silu}(x W) \odot x V$, shape ``(n, m)``."""
    return silu(x @ W) * (x @ V)


@swiglu.vjp
def backward(dy, x, W, V):
    r"""The gradients of ``x``, ``W`` and ``V`` from ``dy`` ``(n, m)``."""
    g, v = x @ W, x @ V
    dg = silu_backward(dy * v, g)
    dv = dy * silu(g)
    return dg @ W.T + dv @ V.T, x.T @ dg, x.T @ dv


@swiglu.jvp
def forward_mode(dx, dW, dV, x, W, V):
    r"""$\dot g = \dot x W + x \dot W$, $\dot v = \dot x V + x \dot V$, then $\dot y$ ``(n, m)``."""
    g, v = x @ W, x @ V
    dg, dv = dx @ W + x @ dW, dx @ V + x @ dV
    return silu_backward(dg, g) * v + silu(g) * dv


@identity(x="n d", W="d m", V="d m", dy="n m")
def linear_in_the_values(x, W, V, dy):
    r"""$y$ is linear in $V$, so $\langle dV, V \rangle = \langle dy, y \rangle$; two scalars."""
    _, _, dV = backward(dy, x, W, V)
    return (dV * V).sum(), (dy * swiglu(x, W, V)).sum()
