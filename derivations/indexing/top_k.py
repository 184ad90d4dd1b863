r"""The largest entries of a row, in descending order, and how often a router picks them.

$$y_a = x_{\tau_a}, \quad a = 1, \dots, m, \qquad dx_{\tau_a} = dy_a, \text{ else } 0$$

$\tau$ lists the places in descending order of value. What is not among the largest gets nothing,
not a small gradient: a mixture of experts trains only those that it picked.

Shazeer and others, "Outrageously large neural networks", 2017.
"""

import numpy as np

from derivations.indexing.maximum import maximum
from derivations.indexing.sort import sort
from gradcheck import derivation, identity, integers, options

SMALL = {"n": (1, 3), "k": (1, 6)}
HOW_MANY = integers(low=1, high="k+1")


def places(x, m):
    r"""$\tau$, shape ``(n, m)``: of equal entries the first comes first."""
    return np.argsort(-x, axis=1, kind="stable")[:, :m]


@options(sizes=SMALL)
@derivation(x="n k", m=HOW_MANY)
def top_k(x, m):
    r"""``(n, k)`` gives ``(n, m)`` with $1 \le m \le k$."""
    return np.take_along_axis(x, places(x, m), axis=1)


@top_k.vjp
def backward(dy, x, m):
    r"""Each cotangent at the place that it was read from, shape ``(n, k)``."""
    dx = np.zeros_like(x)
    np.put_along_axis(dx, places(x, m), dy, axis=1)
    return dx


@top_k.jvp
def forward_mode(dx, x, m):
    r"""The tangents of those that were picked, shape ``(n, m)``."""
    return np.take_along_axis(dx, places(x, m), axis=1)


@options(sizes=SMALL)
@identity(x="n k")
def one_is_the_maximum(x):
    r"""$m = 1$ is the maximum of each row; ``(n,)``."""
    return top_k(x, 1)[:, 0], maximum(x)


@identity(x="k")
def all_is_a_sort(x):
    r"""$m = k$ sorts the row, the other way round; ``(k,)``."""
    return top_k(x[np.newaxis, :], len(x))[0], sort(x)[::-1]
