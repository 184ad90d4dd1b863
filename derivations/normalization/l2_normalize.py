r"""Scaling a row to length 1.

$$y = \frac{x}{\|x\|}, \qquad
\frac{\partial y_j}{\partial x_i} = \frac{1}{\|x\|} (\delta_{ij} - y_i y_j), \qquad
dx = \frac{1}{\|x\|} \big( dy - (dy \cdot y)\, y \big)$$

``x`` $\ne 0$ and ``y`` are rows ``(m,)`` or ``(n, m)``. The Jacobian projects onto the plane that
touches the sphere at $y$: what points along $y$ is lost.

Wang, Xiang, Cheng and Yuille, "NormFace", 2017.
"""

import numpy as np

from gradcheck import derivation, identity, options, real


def length(x):
    r"""$\|x\|$ along the last axis, which stays; entries of 1e200 do not overflow."""
    largest = np.abs(x).max(axis=-1, keepdims=True)
    return largest * np.sqrt(((x / largest) ** 2).sum(axis=-1, keepdims=True))


@derivation(x=real("*batch m", nonzero=True))
def l2_normalize(x):
    r"""$x / \|x\|$ along the last axis; the result is shaped as ``x``."""
    return x / length(x)


@l2_normalize.vjp
def backward(dy, x, y):
    r"""$(dy - (dy \cdot y)\, y) / \|x\|$ along the last axis; all of the shape of ``x``."""
    return (dy - (dy * y).sum(axis=-1, keepdims=True) * y) / length(x)


@options(output="l")
@derivation(x=real("m", nonzero=True))
def norm(x):
    r"""$\|x\|$ of one row, a scalar: the function whose gradient is $y$."""
    return length(x)[0]


@norm.gradient
def gradient(x):
    r"""$x / \|x\|$, shape ``(m,)``."""
    return l2_normalize(x)


@norm.hessian
def hessian(x, l):
    r"""$(I - y y^T) / \|x\|$, shape ``(m, m)``: the Jacobian of ``l2_normalize``."""
    y = l2_normalize(x)
    return (np.eye(len(x)) - np.outer(y, y)) / l


@identity(x=real("m", nonzero=True), dy="m")
def orthogonal(x, dy):
    r"""$dx \cdot y = 0$: scaling a row changes nothing; two scalars."""
    y = l2_normalize(x)
    return backward(dy, x, y) @ y, 0.0
