"""Wrong versions of the claims in ``derivations/linear.py``."""

import numpy as np

from derivations import linear as right
from gradcheck import derivation, identity, measure_jvp, options


@options(output="z")
@derivation(x="d", W="d m", b="m")
def linear_row(x, W, b):
    return right.linear_row(x, W, b)


@linear_row.jacobian("x")
def weights_not_transposed(W):
    return W


@linear_row.vjp
def outer_product_transposed(dz, x, W):
    return dz @ W.T, np.outer(dz, x), dz


@linear_row.vjp
def bias_summed_over_the_outputs(dz, x, W):
    return dz @ W.T, np.outer(x, dz), np.full_like(dz, dz.sum())


@identity(x="d", W="d m", b="m", dz="m", v="d")
def output_for_upstream(x, W, b, dz, v):
    z = right.linear_row(x, W, b)
    return measure_jvp(lambda x: dz @ right.linear_row(x, W, b), (x,), (v,)), z @ W.T @ v


@options(output="z")
@derivation(x="n d", W="d m", b="m")
def linear(x, W, b):
    return right.linear(x, W, b)


@linear.vjp("x")
def averaged_over_the_rows(dz, W):
    return dz @ W.T / len(dz)


@linear.vjp("x")
def weights_on_the_wrong_side(dz, W):
    return (W.T @ dz.T).T


@linear.vjp("W")
def product_transposed(dz, x):
    return dz.T @ x


@linear.vjp("W")
def averaged_weights(dz, x):
    return x.T @ dz / len(x)


@linear.vjp("b")
def not_summed(dz):
    return dz


@linear.vjp("b")
def summed_over_everything(dz):
    return np.full(dz.shape[1], dz.sum())


@linear.vjp
def bias_averaged(dz, x, W):
    return dz @ W.T, x.T @ dz, dz.mean(axis=0)


@linear.vjp
def bias_forgotten(dz, x, W):
    return dz @ W.T, x.T @ dz
