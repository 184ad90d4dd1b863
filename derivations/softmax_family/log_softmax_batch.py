r"""Log-softmax of each row of a batch.

$$a_{bj} = z_{bj} - \log \sum_n e^{z_{bn}}, \qquad dz = da - e^{a} \odot \sum_j da_j$$

``z`` and ``a`` are ``(n, k)``; the sum is over the last axis and stays there (``keepdims``), so
that each row loses its own. One row by itself, with its matrix, is in
``derivations/log_softmax.py``.

Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax functions", 2021.
"""

import numpy as np

from derivations.log_softmax import backward as backward_of_one_row
from derivations.log_softmax import log_softmax
from gradcheck import derivation, identity, options


@options(output="a")
@derivation(z="*batch k")
def log_softmax_batch(z):
    r"""$a = z - m - \log \sum_n e^{z_n - m}$ along the last axis; the result is shaped as ``z``."""
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@log_softmax_batch.vjp
def backward(da, a):
    r"""$dz = da - e^a \sum_j da_j$; all of the shape of ``z``."""
    return da - np.exp(a) * da.sum(axis=-1, keepdims=True)


@log_softmax_batch.jvp
def forward_mode(dz, a):
    r"""$\dot a = \dot z - \sum_j e^{a_j} \dot z_j$; all of the shape of ``z``."""
    return dz - (np.exp(a) * dz).sum(axis=-1, keepdims=True)


@identity(z="n k", da="n k")
def row_by_row(z, da):
    r"""The batch is a stack of rows, each by the rule for one row; ``(n, k)``."""
    rows = [backward_of_one_row(d, log_softmax(row)) for d, row in zip(da, z, strict=True)]
    return backward(da, log_softmax_batch(z)), np.stack(rows)


@identity(z="n k", da="n k")
def no_gradient_for_a_shift(z, da):
    r"""$\sum_j dz_{bj} = 0$: adding the same to a row of scores changes nothing; ``(n,)``."""
    dz = backward(da, log_softmax_batch(z))
    return dz.sum(axis=-1), np.zeros(len(z))
