r"""The smallest entry of each row, whose rule is that of the largest with two signs that cancel.

$$\min_b x_{ab} = -\max_b (-x_{ab}), \qquad dx_{ab} = dy_a\, [b = \arg\min_c x_{ac}]$$

Danskin, "The theory of max-min", 1967.
"""

import numpy as np

from derivations.indexing.maximum import backward as maximum_backward
from derivations.indexing.maximum import maximum
from gradcheck import derivation, identity


@derivation(x="n k")
def minimum(x):
    r"""``(n, k)`` gives ``(n,)``."""
    return x.min(axis=1)


@minimum.row
def row(x, j):
    r"""$\partial y_a / \partial x$: 1 at the smallest entry of row $a$, shape ``(n, k)``."""
    dx = np.zeros_like(x)
    dx[j, x[j].argmin()] = 1
    return dx


@minimum.vjp
def backward(dy, x):
    r"""The cotangent of a row at the place of its first smallest entry, shape ``(n, k)``."""
    dx = np.zeros_like(x)
    dx[np.arange(len(x)), x.argmin(axis=1)] = dy
    return dx


@identity(x="n k")
def maximum_of_the_negative(x):
    r"""$\min x = -\max(-x)$ for each row; ``(n,)``."""
    return minimum(x), -maximum(-x)


@identity(x="n k", dy="n")
def the_signs_cancel(x, dy):
    r"""Through the two signs: $-(\text{rule of max at } -x)(-dy)$; shape ``(n, k)``."""
    return backward(dy, x), -maximum_backward(-dy, -x)
