r"""A quadratic form: the smallest function with an interesting Hessian.

$$l = x A x^T, \qquad \frac{\partial l}{\partial x} = x (A + A^T), \qquad
\frac{\partial l}{\partial A} = x^T x, \qquad
\frac{\partial^2 l}{\partial x\, \partial x^T} = A + A^T$$

Not $2 x A$, unless $A$ is symmetric: $x$ is used twice, and each use adds its share.

Petersen and Pedersen, "The matrix cookbook", 2012.
"""

import numpy as np

from gradcheck import derivation, identity, options


@options(output="l")
@derivation(x="n", A="n n")
def quadratic_form(x, A):
    r"""$l = \sum_{ab} x_a A_{ab} x_b$, a scalar; ``x`` is ``(n,)``, ``A`` is ``(n, n)``."""
    return x @ A @ x


@quadratic_form.gradient("x")
def gradient(x, A):
    r"""$\sum_b (A_{ab} + A_{ba}) x_b$, shape ``(n,)``."""
    return (A + A.T) @ x


@quadratic_form.gradient("A")
def gradient_of_the_matrix(x):
    r"""$x^T x$, shape ``(n, n)``."""
    return np.outer(x, x)


@quadratic_form.hessian("x")
def hessian(A):
    r"""$A + A^T$, shape ``(n, n)``."""
    return A + A.T


@quadratic_form.vjp
def backward(dl, x, A):
    r"""$dx = dl\, x (A + A^T)$ ``(n,)`` and $dA = dl\, x^T x$ ``(n, n)``; ``dl`` is a scalar."""
    return dl * (A + A.T) @ x, dl * np.outer(x, x)


@quadratic_form.jvp
def forward_mode(dx, dA, x, A):
    r"""$\dot l = \dot x A x^T + x \dot A x^T + x A \dot x^T$, a scalar: the product rule."""
    return dx @ A @ x + x @ dA @ x + x @ A @ dx


@identity(x="n", A="n n")
def euler(x, A):
    r"""$\langle x, \partial l / \partial x \rangle = 2 l$: homogeneous of degree 2; two scalars."""
    return x @ gradient(x, A), 2 * quadratic_form(x, A)


@identity(x="n", A="n n", v="n")
def exact_second_order(x, A, v):
    r"""$l(x + v) = l(x) + \langle \partial l / \partial x, v \rangle + \frac12 v H v^T$."""
    left = quadratic_form(x + v, A)
    return left, quadratic_form(x, A) + gradient(x, A) @ v + v @ hessian(A) @ v / 2
