"""Wrong versions of claims in ``derivations/normalization/standardize.py``."""

import numpy as np

from derivations.normalization import standardize as right
from gradcheck import derivation, options


@options(output="x_hat")
@derivation(x="*batch m")
def standardize(x):
    return right.standardize(x)


@standardize.vjp
def statistics_taken_for_constants(dx_hat, x):
    return dx_hat / right.deviation(x)


@standardize.vjp
def path_through_the_deviation_lost(dx_hat, x):
    return (dx_hat - dx_hat.mean(axis=-1, keepdims=True)) / right.deviation(x)


@options(output="x_hat")
@derivation(x="m")
def one_row(x):
    return right.standardize(x)


@one_row.jacobian
def sums_for_means(x, x_hat):
    return (np.eye(len(x)) - 1 - np.outer(x_hat, x_hat)) / right.deviation(x)
