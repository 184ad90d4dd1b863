"""Wrong versions of the claims in ``derivations/log_softmax.py``."""

import numpy as np

from derivations import log_softmax as right
from derivations.softmax import jacobian as softmax_jacobian
from derivations.softmax import softmax
from gradcheck import derivation, identity, options


@options(output="a")
@derivation(z="k")
def log_softmax(z):
    return right.log_softmax(z)


@log_softmax.partial
def output_index_in_the_exponent(a, i, j):
    return float(i == j) - np.exp(a[j])


@log_softmax.row
def constant_row(a, j):
    return np.eye(len(a))[j] - np.exp(a[j])


@log_softmax.column
def probabilities_down_the_column(a, i):
    return np.eye(len(a))[i] - np.exp(a)


@log_softmax.jacobian
def transposed(a):
    return np.eye(len(a)) - np.exp(a)[:, np.newaxis]


@log_softmax.jacobian
def matrix_of_softmax(a):
    p = np.exp(a)
    return np.diag(p) - np.outer(p, p)


@log_softmax.vjp
def rule_of_the_transpose(da, a):
    return da - np.exp(a) @ da


@log_softmax.vjp
def logarithm_for_probability(da, a):
    return da - a * da.sum()


@log_softmax.jvp
def backward_rule_used_forward(dz, a):
    return dz - np.exp(a) * dz.sum()


@identity(z="k")
def normaliser_forgotten(z):
    return np.exp(z - z.max()), softmax(z)


@identity(z="k")
def diagonal_matrix_on_the_wrong_side(z):
    y = softmax(z)
    return right.jacobian(right.log_softmax(z)) @ np.diag(y), softmax_jacobian(y)
