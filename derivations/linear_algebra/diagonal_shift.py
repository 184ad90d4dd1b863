r"""A matrix made well conditioned by what is added to its diagonal.

$$A = M + c I, \qquad dM = dA, \qquad dc = \mathrm{tr}(dA)$$

With $c$ beyond twice the largest row sum $r$ of $|M|$, every row of $A$ is dominated by its
diagonal entry, and its condition number stays below 3, whatever the scale of $M$: the domain on
which solve, inverse and determinant have derivatives that can be computed and measured.

Varah, "A lower bound for the smallest singular value of a matrix", 1975.
"""

import numpy as np

from gradcheck import derivation, identity, real


def row_sum(M):
    r"""$r = \max_a \sum_b |M_{ab}|$, a scalar."""
    return np.abs(M).sum(axis=1).max()


#: The inputs of a derivation about a well conditioned matrix that is not symmetric.
DOMINANT = {
    "M": real("n n"),
    "c": real(low=lambda M: 1 + 2 * row_sum(M), high=lambda M: 3 + 4 * row_sum(M)),
}


@derivation(**DOMINANT)
def shift(M, c):
    r"""$A = M + c I$, shape ``(n, n)``; ``c`` is a scalar."""
    return M + c * np.eye(len(M))


@shift.vjp
def backward(dA):
    r"""$dM = dA$ ``(n, n)`` and $dc = \sum_a dA_{aa}$, a scalar: $c$ is used on the diagonal."""
    return dA, np.trace(dA)


@shift.column("c")
def column(M):
    r"""$\partial A / \partial c = I$, shape ``(n, n)``."""
    return np.eye(len(M))


@identity(**DOMINANT)
def eigenvalues_move_together(M, c):
    r"""$\mathrm{tr}(A) = \mathrm{tr}(M) + n c$, a scalar."""
    return np.trace(shift(M, c)), np.trace(M) + len(M) * c
