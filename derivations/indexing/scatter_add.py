r"""Scatter-add: rows added into a table at given places, several into one among them.

$$y_p = x_p + \sum_{a:\, t_a = p} u_a, \qquad dx = dy, \qquad du_a = dy_{t_a}$$

The adjoint of an embedding: its backward pass is a gather. Graph networks collect the messages of
the edges at their nodes in this way.

Gilmer and others, "Neural message passing for quantum chemistry", 2017.
"""

import numpy as np

from derivations.indexing.embedding import backward as embedding_backward
from derivations.indexing.embedding import embedding
from gradcheck import derivation, identity, integers, options

SMALL = {"k": (1, 6), "d": (1, 4), "n": (1, 6)}


@options(sizes=SMALL)
@derivation(x="k d", u="n d", index=integers("n", low=0, high="k"))
def scatter_add(x, u, index):
    r"""A table ``(k, d)``, rows ``(n, d)`` and their places ``(n,)`` below $k$ give ``(k, d)``."""
    y = x.copy()
    np.add.at(y, index, u)
    return y


@scatter_add.partial("u")
def entry(index, i, j):
    r"""$\partial y_{pq} / \partial u_{ab} = [t_a = p]\,[b = q]$, a scalar."""
    (a, b), (p, q) = i, j
    return float(index[a] == p and b == q)


@scatter_add.vjp
def backward(dy, index):
    r"""$dx = dy$ ``(k, d)`` and $du_a = dy_{t_a}$ ``(n, d)``: each row sees where it landed."""
    return dy.copy(), dy[index]


@scatter_add.jvp
def forward_mode(dx, du, index):
    r"""Linear in both, so it is its own forward rule."""
    return scatter_add(dx, du, index)


@options(sizes=SMALL)
@identity(x="k d", u="n d", index=integers("n", low=0, high="k"))
def backward_pass_of_the_embedding(x, u, index):
    r"""Into an empty table it is the backward pass of an embedding, and conversely; ``(k, d)``."""
    return scatter_add(0 * x, u, index), embedding_backward(u, x, index)


@options(sizes=SMALL)
@identity(dy="k d", index=integers("n", low=0, high="k"))
def its_backward_is_an_embedding(dy, index):
    r"""$du = dy_{t}$ looks the cotangent up as an embedding does; ``(n, d)``."""
    return backward(dy, index)[1], embedding(dy, index)
