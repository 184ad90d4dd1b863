r"""The Euclidean norm, and the $p$-norms.

$$y = \|x\|_2, \qquad \frac{\partial y}{\partial x} = \frac{x}{\|x\|}, \qquad
\frac{\partial^2 y}{\partial x\, \partial x^T} = \frac{1}{\|x\|} (I - u u^T), \quad u = x / \|x\|$$

At $x = 0$ there is no derivative: every vector in the unit ball is a subgradient. The textbook
$\sqrt{\sum x^2}$ overflows at $10^{155}$ and underflows at $10^{-162}$; scaled by the largest
entry it does neither.

Boyd and Vandenberghe, "Convex optimization", 2004.
"""

import numpy as np

from gradcheck import choice, derivation, identity, options, real

SMALL = {"k": (1, 12)}
NOT_ZERO = real("k", nonzero=True)
POWERS = choice(1.5, 2.0, 3.0, 4.0)


@options(sizes=SMALL)
@derivation(x=NOT_ZERO)
def norm(x):
    r"""$\|x\|_2 = m \sqrt{\sum_a (x_a / m)^2}$ with $m = \max |x_a|$, a scalar of ``(k,)``."""
    m = np.abs(x).max()
    return m * np.sqrt(((x / m) ** 2).sum())


@norm.gradient
def gradient(x, y):
    r"""$x / \|x\|$, shape ``(k,)``: a unit vector."""
    return x / y


@norm.hessian
def hessian(x, y):
    r"""$(I - u u^T) / \|x\|$, shape ``(k, k)``: along $x$ the norm is linear."""
    u = x / y
    return (np.eye(len(x)) - np.outer(u, u)) / y


@norm.vjp
def backward(dy, x, y):
    r"""$dx = dy\, x / \|x\|$; ``dy`` is a scalar, the result ``(k,)``."""
    return dy * x / y


@options(sizes=SMALL)
@derivation(x=NOT_ZERO, p=POWERS)
def p_norm(x, p):
    r"""$(\sum_a |x_a|^p)^{1/p}$, a scalar of ``(k,)``; scaled as above."""
    m = np.abs(x).max()
    return m * ((np.abs(x) / m) ** p).sum() ** (1 / p)


@p_norm.vjp
def backward_of_p(dy, x, p, y):
    r"""$dx_a = dy\, \mathrm{sign}(x_a) (|x_a| / y)^{p - 1}$, shape ``(k,)``."""
    return dy * np.sign(x) * (np.abs(x) / y) ** (p - 1)


@derivation(x=real("n k", nonzero=True))
def row_norms(x):
    r"""The norm of each row: ``(n, k)`` gives ``(n, 1)``, ready to divide by."""
    return np.sqrt((x**2).sum(axis=1, keepdims=True))


@row_norms.vjp
def backward_of_rows(dy, x, y):
    r"""$dx_a = dy_a\, x_a / \|x_a\|$, shape ``(n, k)`` from ``dy`` ``(n, 1)``."""
    return dy * x / y


@options(sizes=SMALL)
@identity(x=NOT_ZERO)
def textbook_form(x):
    r"""$\sqrt{\sum x^2}$, where squares neither over- nor underflow; two scalars."""
    return norm(x), np.sqrt((x**2).sum())


@options(sizes=SMALL)
@identity(x=NOT_ZERO, p=POWERS)
def euler(x, p):
    r"""$\langle \partial y / \partial x, x \rangle = y$: homogeneous of degree 1; two scalars."""
    y = p_norm(x, p)
    return backward_of_p(1.0, x, p, y) @ x, y


@options(sizes=SMALL)
@identity(x=NOT_ZERO)
def linear_along_itself(x):
    r"""$H x = 0$, shape ``(k,)``: the gradient keeps its direction when $x$ is scaled."""
    return hessian(x, norm(x)) @ x, np.zeros_like(x)
