r"""Softmax of a batch of rows: every row by itself.

$$y_{aj} = \frac{e^{z_{aj}}}{\sum_{n=1}^k e^{z_{an}}}$$

Section 3 (1) of the homework for ``n`` rows at once; the classes are the last axis.
"""

import numpy as np

from derivations.softmax import backward as backward_of_one_row
from derivations.softmax import softmax
from gradcheck import derivation, identity


@derivation(z="n k")
def softmax_batch(z):
    r"""Softmax along the last axis; ``z`` and the result have shape ``(n, k)``."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@softmax_batch.vjp
def backward(dy, y):
    r"""$dz_{ai} = y_{ai} \left( dy_{ai} - \sum_j dy_{aj} y_{aj} \right)$, shape ``(n, k)``.

    ``dy`` has shape ``(n, k)``. The sum is kept as a column ``(n, 1)``, one number a row.
    """
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


@identity(z="n k", dy="n k")
def row_by_row(z, dy):
    r"""The rule for a batch is the rule for one row, a row at a time; both are ``(n, k)``."""
    rows = [backward_of_one_row(dy_a, softmax(z_a)) for dy_a, z_a in zip(dy, z, strict=True)]
    return backward(dy, softmax_batch(z)), np.stack(rows)
