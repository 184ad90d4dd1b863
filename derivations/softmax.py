r"""Softmax of one row of scores: its partial derivatives, Jacobian and backward rule.

$$y_j = \frac{e^{z_j}}{\sum_{n=1}^k e^{z_n}}$$

The homework's sections 2 (one entry, one column) and 3 (1) (the backward rule). How its formulas
follow from the quotient rule is in ``softmax_chain.py``; which way round its matrix lies is in
``softmax_layout.py``.
"""

import numpy as np

from gradcheck import derivation


@derivation(z="k")
def softmax(z):
    r"""$y_j = e^{z_j - m} / \sum_n e^{z_n - m}$ with $m = \max_n z_n$, section 1.

    ``z`` has shape ``(k,)``, the result too. Without the shift by $m$, which changes nothing
    (``softmax_shift.py``), $e^{z_j}$ overflows from $z_j = 709.8$ on.
    """
    e = np.exp(z - z.max())
    return e / e.sum()


@softmax.partial(where=lambda i, j: i == j)
def same_index(y, i):
    r"""$\partial y_i / \partial z_i = y_i (1 - y_i)$, a scalar; section 2, case $i = j$."""
    return y[i] * (1 - y[i])


@softmax.partial(where=lambda i, j: i != j)
def different_index(y, i, j):
    r"""$\partial y_j / \partial z_i = -y_i y_j$, a scalar; section 2, case $i \neq j$."""
    return -y[i] * y[j]


@softmax.column
def column(y, i):
    r"""$\partial y / \partial z_i = [-y_1 y_i, \dots, y_i - y_i y_i, \dots, -y_k y_i]^T$.

    Both cases in one vector of shape ``(k,)``; the last line of section 2.
    """
    dy_dzi = -y * y[i]
    dy_dzi[i] = y[i] - y[i] * y[i]
    return dy_dzi


@softmax.jacobian
def jacobian(y):
    r"""$J_{ji} = \partial y_j / \partial z_i = y_j (\delta_{ij} - y_i)$, shape ``(k, k)``.

    The matrix of section 3 (1), which the homework lays out as $M = J^T$.
    """
    return np.diag(y) - np.outer(y, y)


@softmax.vjp
def backward(dy, y):
    r"""$\partial l / \partial z = (\partial l / \partial y)\, J$; section 3 (1).

    ``dy`` is $\partial l / \partial y$; both it and the result have shape ``(k,)``. Written out,
    $\sum_j dy_j\, y_j (\delta_{ij} - y_i) = y_i (dy_i - \sum_j dy_j y_j)$: no matrix is needed.
    """
    return y * (dy - dy @ y)
