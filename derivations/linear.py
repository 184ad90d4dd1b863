r"""The linear layer, for one row and for a batch of rows.

$$z = x W + b$$

Sections 3 (2), $\partial l / \partial r = \partial l / \partial z \, W_2^T$, and 3 (4),
$\partial l / \partial x = \partial l / \partial p \, W_1^T$, are the same rule at two layers. The
homework stops there; the gradients of the weights and of the bias, which training needs, are added.
"""

import numpy as np

from gradcheck import derivation, identity, measure_jvp, options


@options(output="z")
@derivation(x="d", W="d m", b="m")
def linear_row(x, W, b):
    r"""$z = x W + b$ for one row: ``(d,)``, ``(d, m)``, ``(m,)`` give ``(m,)``."""
    return x @ W + b


@linear_row.jacobian("x")
def weights_transposed(W):
    r"""$\partial z_j / \partial x_i = W_{ij}$, so $J = W^T$, shape ``(m, d)``; 3 (2) and 3 (4)."""
    return W.T


@linear_row.vjp
def backward_row(dz, x, W):
    r"""$dx = dz\, W^T$ ``(d,)``, $dW = x^T dz$ ``(d, m)``, $db = dz$ ``(m,)``; ``dz`` is ``(m,)``.

    $\partial z_j / \partial W_{ab} = x_a \delta_{jb}$, hence the outer product for $dW$.
    """
    return dz @ W.T, np.outer(x, dz), dz


@identity(x="d", W="d m", b="m", dz="m", v="d")
def upstream_times_weights(x, W, b, dz, v):
    r"""Section 3 (2) as a chain, and 3 (4) with other letters; four scalars.

    $$\frac{\partial l}{\partial r} = \frac{\partial l}{\partial z} \frac{\partial z}{\partial r}
    = \frac{\partial l}{\partial z} W_2^T$$

    The left side is measured, for $l = \sum_j dz_j z_j$, in a direction ``v``; so every side is
    taken times ``v``.
    """
    return (
        measure_jvp(lambda x: dz @ linear_row(x, W, b), (x,), (v,)),
        dz @ weights_transposed(W) @ v,
        dz @ W.T @ v,
        backward_row(dz, x, W)[0] @ v,
    )


@options(output="z")
@derivation(x="n d", W="d m", b="m")
def linear(x, W, b):
    r"""$z = x W + b$ for each row of ``x``: ``(n, d)``, ``(d, m)``, ``(m,)`` give ``(n, m)``."""
    return x @ W + b


@linear.vjp("x")
def dl_dx(dz, W):
    r"""$dx = dz\, W^T$, shape ``(n, d)`` from ``dz`` ``(n, m)``: row by row as for one row."""
    return dz @ W.T


@linear.vjp("W")
def dl_dW(dz, x):
    r"""$dW = x^T dz = \sum_a x_a^T dz_a$, shape ``(d, m)``: every row adds its share."""
    return x.T @ dz


@linear.vjp("b")
def dl_db(dz):
    r"""$db = \sum_a dz_a$, shape ``(m,)``: the bias is used once a row."""
    return dz.sum(axis=0)


@linear.vjp
def backward(dz, x, W):
    r"""The three together: ``(n, d)``, ``(d, m)`` and ``(m,)`` from ``dz`` ``(n, m)``."""
    return dl_dx(dz, W), dl_dW(dz, x), dl_db(dz)
