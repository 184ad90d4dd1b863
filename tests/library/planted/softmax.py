"""Wrong versions of the claims in ``derivations/softmax.py``."""

import numpy as np

from derivations import softmax as right
from gradcheck import derivation


@derivation(z="k")
def softmax(z):
    return right.softmax(z)


@softmax.partial(where=lambda i, j: i == j)
def plus_for_minus(y, i):
    return y[i] * (1 + y[i])


@softmax.partial(where=lambda i, j: i == j)
def score_for_probability(y, z, i):
    return y[i] * (1 - z[i])


@softmax.partial(where=lambda i, j: i != j)
def sign_lost(y, i, j):
    return y[i] * y[j]


@softmax.partial(where=lambda i, j: i != j)
def taken_for_independent():
    return 0.0


@softmax.column
def diagonal_case_forgotten(y, i):
    return -y * y[i]


@softmax.column
def wrong_probability_in_front(y, i):
    return y * (np.eye(len(y))[i] - y)


@softmax.jacobian
def diagonal_only_matrix(y):
    return np.diag(y * (1 - y))


@softmax.jacobian
def plus_outer_product(y):
    return np.diag(y) + np.outer(y, y)


@softmax.vjp
def diagonal_only(dy, y):
    return dy * y * (1 - y)


@softmax.vjp
def unweighted_sum(dy, y):
    return y * (dy - dy.sum())


@softmax.vjp
def upstream_ignored(dy, y):
    return y * (1 - y)
