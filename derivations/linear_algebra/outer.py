r"""The outer product of two vectors, whose gradients are products of a matrix and a vector.

$$Y_{ab} = u_a v_b, \qquad du = dY\, v, \qquad dv = dY^T u$$

Petersen and Pedersen, "The matrix cookbook", 2012.
"""

import numpy as np

from gradcheck import derivation, identity, options


@options(output="Y")
@derivation(u="n", v="m")
def outer(u, v):
    r"""$Y = u^T v$ for rows ``u`` ``(n,)`` and ``v`` ``(m,)``; the result is ``(n, m)``."""
    return np.outer(u, v)


@outer.partial("u", where=lambda i, j: i == j[0])
def same_row(v, j):
    r"""$\partial Y_{ab} / \partial u_a = v_b$, a scalar."""
    return v[j[1]]


@outer.partial("u", where=lambda i, j: i != j[0])
def other_row():
    r"""$\partial Y_{ab} / \partial u_p = 0$ for $p \neq a$, a scalar."""
    return 0.0


@outer.jacobian("v")
def jacobian_of_right(u, v):
    r"""$\partial Y_{ab} / \partial v_q = u_a \delta_{bq}$, shape ``(n, m, m)``."""
    return np.einsum("a,bq->abq", u, np.eye(len(v)))


@outer.vjp
def backward(dY, u, v):
    r"""$du = dY\, v$ ``(n,)`` and $dv = dY^T u$ ``(m,)``, from ``dY`` ``(n, m)``."""
    return dY @ v, dY.T @ u


@outer.jvp
def forward_mode(du, dv, u, v):
    r"""$\dot Y = \dot u^T v + u^T \dot v$, shape ``(n, m)``."""
    return np.outer(du, v) + np.outer(u, dv)


@identity(u="n", v="m", w="m")
def rank_one(u, v, w):
    r"""$Y w = u \langle v, w \rangle$, shape ``(n,)``: why the matrix is never built."""
    return outer(u, v) @ w, u * (v @ w)


@identity(u="n", v="m", dY="n m")
def two_ways_to_the_form(u, v, dY):
    r"""$\langle u, du \rangle = \langle v, dv \rangle = u\, dY\, v^T$; three scalars."""
    du, dv = backward(dY, u, v)
    return u @ du, v @ dv, u @ dY @ v
