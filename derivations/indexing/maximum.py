r"""The largest entry of each row.

$$y_a = \max_b x_{ab}, \qquad dx_{ab} = dy_a\, [b = \arg\max_c x_{ac}]$$

Where entries tie there is a kink; the first of them gets all of the gradient here (jax splits it
evenly, torch depends on how it is called). The derivation does not say which of these is right:
what holds for all is that the gradient of a row sums to the cotangent.

Danskin, "The theory of max-min", 1967.
"""

import numpy as np

from gradcheck import derivation, identity, integers, measure_jvp, real


@derivation(x="n k")
def maximum(x):
    r"""``(n, k)`` gives ``(n,)``."""
    return x.max(axis=1)


@maximum.partial
def entry(x, i, j):
    r"""$\partial y_a / \partial x_{pb} = [a = p]\,[b = \arg\max_c x_{ac}]$, a scalar."""
    a, b = i
    return float(a == j and b == x[a].argmax())


@maximum.vjp
def backward(dy, x):
    r"""The cotangent of a row at the place of its first largest entry, shape ``(n, k)``."""
    dx = np.zeros_like(x)
    rows = np.arange(len(x))
    dx[rows, x.argmax(axis=1)] = dy
    return dx


@maximum.jvp
def forward_mode(dx, x):
    r"""$\dot y_a$ is the tangent of the winner, shape ``(n,)``."""
    return dx[np.arange(len(x)), x.argmax(axis=1)]


@derivation(x="k")
def largest(x):
    r"""$y = \max_b x_b$ of one row ``(k,)``, a scalar."""
    return x.max()


@largest.gradient
def unit_vector(x):
    r"""$e_m$ with $m = \arg\max_b x_b$, shape ``(k,)``."""
    return np.eye(len(x))[x.argmax()]


# Small whole numbers, so that ties are met: there the rule is a convention, not a derivative.
@identity(x=integers("n k", low=-1, high=2), dy="n")
def nothing_is_lost_at_ties(x, dy):
    r"""$\sum_b dx_{ab} = dy_a$, ties or not; shape ``(n,)``."""
    return backward(dy, 1.0 * x).sum(axis=1), dy


@identity(x="n k")
def along_ones(x):
    r"""Adding the same to a row adds it to its maximum: measured at ties as well; ``(n,)``."""
    return measure_jvp(maximum, (x,), (np.ones_like(x),)), np.ones(len(x))


@identity(x=real("k", nonzero=True))
def euler(x):
    r"""$\langle \partial y / \partial x, x \rangle = y$: homogeneous of degree 1; two scalars."""
    return unit_vector(x) @ x, largest(x)
