r"""Gather: from each row the entries at given places, repeated ones among them.

$$y_{ab} = x_{a,\, t_{ab}}, \qquad dx_{ap} = \sum_{b:\, t_{ab} = p} dy_{ab}$$

The general form of picking the score of the label, of a permutation, and of ``x[:, ::-1]``.

Harris and others, "Array programming with NumPy", 2020.
"""

import numpy as np

from gradcheck import derivation, identity, integers, options, permutation

SMALL = {"n": (1, 4), "k": (1, 6), "m": (1, 6)}


@options(sizes=SMALL)
@derivation(x="n k", index=integers("n m", low=0, high="k"))
def gather(x, index):
    r"""``(n, k)`` and places ``(n, m)`` below $k$ give ``(n, m)``."""
    return np.take_along_axis(x, index, axis=1)


@gather.partial
def entry(index, i, j):
    r"""$\partial y_{ab} / \partial x_{pq} = [a = p]\,[t_{ab} = q]$, a scalar."""
    return float(i == (j[0], index[j]))


@gather.vjp
def backward(dy, x, index):
    r"""Every $dy_{ab}$ is added where it was read, shape ``(n, k)``."""
    dx = np.zeros_like(x)
    np.add.at(dx, (np.arange(len(x))[:, np.newaxis], index), dy)
    return dx


@gather.jvp
def forward_mode(dx, index):
    r"""Linear, so it is its own forward rule; ``(n, m)``."""
    return gather(dx, index)


@derivation(x="k", p=permutation("k"))
def permute(x, p):
    r"""$y_a = x_{p_a}$ for a permutation $p$; ``x`` and the result are ``(k,)``."""
    return x[p]


@permute.vjp
def backward_of_permute(dy, p):
    r"""$dx = dy$ in the order of $p^{-1}$, shape ``(k,)``: ``argsort`` inverts a permutation."""
    return dy[np.argsort(p)]


@permute.jacobian
def permutation_matrix(p):
    r"""$J_{ab} = [b = p_a]$, shape ``(k, k)``."""
    return np.eye(len(p))[p]


@identity(dy="k", p=permutation("k"))
def inverse_is_the_transpose(dy, p):
    r"""$J^T dy$ written as an assignment, as an inverse, and as a matrix; ``(k,)``."""
    assigned = np.zeros_like(dy)
    assigned[p] = dy
    return assigned, backward_of_permute(dy, p), permutation_matrix(p).T @ dy


@options(sizes=SMALL)
@identity(x="n k", index=integers("n m", low=0, high="k"), dy="n m")
def adjoint(x, index, dy):
    r"""$\langle dy, y \rangle = \langle dx, x \rangle$: two scalars."""
    return (dy * gather(x, index)).sum(), (backward(dy, x, index) * x).sum()
