r"""The affine layer in the two other layouts in which it is met.

$$Z_{\dots m} = \sum_d X_{\dots d} W_{dm} + b_m, \qquad Z' = W' X' + b' 1^T$$

``linear.py`` has rows of samples and one batch axis. Here the batch has any number of axes, as in a
sequence model, and then the samples are columns, as in many courses; both are the same rule.

Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", 2008.
"""

import numpy as np

from derivations.linear import backward as backward_of_rows
from gradcheck import derivation, identity, options


@options(output="z")
@derivation(x="*batch d", W="d m", b="m")
def affine(x, W, b):
    r"""$z = x W + b$ along the last axis: ``(…, d)``, ``(d, m)``, ``(m,)`` give ``(…, m)``."""
    return x @ W + b


@affine.vjp
def backward(dz, x, W):
    r"""$dx = dz\,W^T$ ``(…, d)``, $dW = \sum x^T dz$ ``(d, m)``, $db = \sum dz$ ``(m,)``.

    Every batch axis is summed over for the parameters: flattened, they are one axis of rows.
    """
    d, m = W.shape
    rows, upstream = x.reshape(-1, d), dz.reshape(-1, m)
    return dz @ W.T, rows.T @ upstream, upstream.sum(axis=0)


@affine.jvp
def forward_mode(dx, dW, db, x, W):
    r"""$\dot z = \dot x W + x \dot W + \dot b$, shape ``(…, m)``: the product rule."""
    return dx @ W + x @ dW + db


@options(output="Z")
@derivation(X="d n", W="m d", b="m 1")
def affine_of_columns(X, W, b):
    r"""$Z = W X + b 1^T$ with a sample a column: ``(m, d)``, ``(d, n)``, ``(m, 1)``: ``(m, n)``."""
    return W @ X + b


@affine_of_columns.vjp
def backward_of_columns(dZ, X, W):
    r"""$dX = W^T dZ$ ``(d, n)``, $dW = dZ\,X^T$ ``(m, d)``, $db = dZ\,1$ ``(m, 1)``."""
    return W.T @ dZ, dZ @ X.T, dZ.sum(axis=1, keepdims=True)


@identity(X="d n", W="m d", dZ="m n")
def columns_are_rows_transposed(X, W, dZ):
    r"""$dW$ in columns is the transpose of $dW$ in rows, with every matrix transposed; ``(m, d)``.

    $(X_r^T dZ_r)^T = dZ_r^T X_r = dZ\,X^T$.
    """
    return backward_of_columns(dZ, X, W)[1], backward_of_rows(dZ.T, X.T, W.T)[1].T


@identity(x="a n d", W="d m", dz="a n m")
def batch_axes_are_one_axis(x, W, dz):
    r"""$\sum_{ab} x_{abd}\, dz_{abm}$: over two axes at once or one after the other; ``(d, m)``."""
    each = [np.einsum("nd,nm->dm", *rows) for rows in zip(x, dz, strict=True)]
    return backward(dz, x, W)[1], sum(each)
