"""Wrong versions of claims in ``derivations/linear_algebra/affine.py``."""

import numpy as np

from derivations.linear_algebra import affine as right
from gradcheck import derivation, options


@options(output="z")
@derivation(x="*batch d", W="d m", b="m")
def affine(x, W, b):
    return right.affine(x, W, b)


@affine.vjp
def only_the_first_batch_axis_summed(dz, x, W):
    dx, dW, db = right.backward(dz, x, W)
    return dx, dW, dz.sum(axis=0) if dz.ndim > 1 else db


@options(output="Z")
@derivation(X="d n", W="m d", b="m 1")
def affine_of_columns(X, W, b):
    return right.affine_of_columns(X, W, b)


@affine_of_columns.vjp
def averaged_over_the_samples(dZ, X, W):
    return W.T @ dZ, dZ @ X.T / X.shape[1], dZ.mean(axis=1, keepdims=True)


@affine_of_columns.vjp
def bias_summed_over_everything(dZ, X, W):
    return W.T @ dZ, dZ @ X.T, np.full((len(W), 1), dZ.sum())
