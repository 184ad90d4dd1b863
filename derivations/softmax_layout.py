r"""Which way round the Jacobian of softmax lies.

Section 3 (1) of the homework stacks the columns $\partial y / \partial z_i$ as *rows*, so its
matrix is $M_{ij} = \partial y_j / \partial z_i$, the transpose of $J_{ji}$. It may then write
$\partial l / \partial y \cdot M$ where the chain rule has $\partial l / \partial y \cdot J$,
because for softmax $M = J$. For log-softmax that is not so: see ``log_softmax.py``.
"""

import numpy as np

from derivations.softmax import backward, column, jacobian, softmax
from gradcheck import identity, measure_jvp


def homework_matrix(y):
    r"""$M$, shape ``(k, k)``: its row $i$ is $\partial y / \partial z_i$, as stacked in 3 (1)."""
    return np.stack([column(y, i) for i in range(len(y))])


@identity(z="k")
def rows_are_columns(z):
    r"""$[\partial y / \partial z_1, \dots, \partial y / \partial z_k]^T$ is the printed matrix.

    Its diagonal is $y_i - y_i y_i$, all else $-y_i y_j$; each expression is ``(k, k)``.
    """
    y = softmax(z)
    printed = np.where(np.eye(len(y)) == 1, y - y * y, -np.outer(y, y))
    return homework_matrix(y), printed


@identity(z="k")
def matrix_is_transposed_jacobian(z):
    r"""$M = J^T$, by the definition of the two layouts; each expression is ``(k, k)``."""
    y = softmax(z)
    return homework_matrix(y), jacobian(y).T


@identity(z="k")
def symmetry(z):
    r"""$J = J^T$: for softmax, and so $M = J$; each expression is ``(k, k)``."""
    y = softmax(z)
    return jacobian(y), jacobian(y).T


@identity(z="k", v="k")
def symmetry_measured(z, v):
    r"""The measured $J$ is the homework's $M$: $J v = M v$ in any direction ``v``; ``(k,)``."""
    return measure_jvp(softmax, (z,), (v,)), homework_matrix(softmax(z)) @ v


@identity(z="k", dy="k", v="k")
def upstream_times_matrix(z, dy, v):
    r"""Section 3 (1) as a chain; four scalars.

    $$\frac{\partial l}{\partial z} = \frac{\partial l}{\partial y} \frac{\partial y}{\partial z}
    = \frac{\partial l}{\partial y} M = y \odot (dy - dy \cdot y)$$

    The left side is measured, for $l = \sum_j dy_j y_j$, in a direction ``v``; so every side is
    taken times ``v``.
    """
    y = softmax(z)
    return (
        measure_jvp(lambda z: dy @ softmax(z), (z,), (v,)),
        dy @ jacobian(y) @ v,
        dy @ homework_matrix(y) @ v,
        backward(dy, y) @ v,
    )
