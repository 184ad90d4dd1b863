r"""Sorting: a permutation that depends on the values, constant until two of them change places.

$$y_a = x_{\pi_a}, \qquad \frac{\partial y_a}{\partial x_p} = [p = \pi_a], \qquad
dx_{\pi_a} = dy_a$$

$\pi$ = ``argsort(x)``. Where entries tie, $y$ has a kink, and either may come first.

Blondel, Teboul, Berthet and Djolonga, "Fast differentiable sorting and ranking", 2020.
"""

import numpy as np

from gradcheck import derivation, identity, measure_jvp, options, permutation

SMALL = {"k": (1, 12)}


@options(sizes=SMALL)
@derivation(x="k")
def sort(x):
    r"""$y_1 \le \dots \le y_k$; ``x`` and the result are ``(k,)``."""
    return np.sort(x)


@sort.partial
def entry(x, i, j):
    r"""$[i = \pi_j]$, a scalar."""
    return float(i == np.argsort(x)[j])


@sort.column
def column(x, i):
    r"""$\partial y / \partial x_i$: a 1 at the rank of $x_i$, shape ``(k,)``."""
    return 1.0 * (np.argsort(x) == i)


@sort.row
def row(x, j):
    r"""$\partial y_j / \partial x$: a 1 at the place of the entry of rank $j$, shape ``(k,)``."""
    return np.eye(len(x))[np.argsort(x)[j]]


@sort.jacobian
def jacobian(x):
    r"""The matrix of the permutation, shape ``(k, k)``."""
    return np.eye(len(x))[np.argsort(x)]


@sort.vjp
def backward(dy, x):
    r"""$dx_{\pi_a} = dy_a$, shape ``(k,)``: each cotangent goes back to where its entry stood."""
    dx = np.empty_like(dy)
    dx[np.argsort(x)] = dy
    return dx


@sort.jvp
def forward_mode(dx, x):
    r"""$\dot y_a = \dot x_{\pi_a}$, shape ``(k,)``."""
    return dx[np.argsort(x)]


@options(sizes=SMALL)
@identity(x="k", p=permutation("k"))
def order_does_not_matter(x, p):
    r"""Sorting forgets the order: $\mathrm{sort}(x_p) = \mathrm{sort}(x)$; ``(k,)``."""
    return sort(x[p]), sort(x)


@options(sizes=SMALL)
@identity(x="k")
def along_ones(x):
    r"""Adding the same to all moves all alike, ties or not: $J 1 = 1$, measured; ``(k,)``."""
    return measure_jvp(sort, (x,), (np.ones_like(x),)), np.ones_like(x), jacobian(x).sum(axis=1)


@options(sizes=SMALL)
@identity(x="k", dy="k")
def forward_undoes_backward(x, dy):
    r"""$J J^T = I$: the tangent of what the backward rule returns is the cotangent; ``(k,)``."""
    return forward_mode(backward(dy, x), x), dy
