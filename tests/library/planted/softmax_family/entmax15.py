"""Wrong versions of claims in ``derivations/softmax_family/entmax15.py``."""

import numpy as np

from derivations.softmax_family import entmax15 as right
from gradcheck import derivation


@derivation(z="k")
def entmax15(z):
    return right.entmax15(z)


@entmax15.vjp
def output_for_its_root(dy, y):
    return y * (dy - y @ dy)


@entmax15.jacobian
def half_of_the_inner_derivative_kept(y):
    s = np.sqrt(y)
    return (np.diag(s) - np.outer(s, s) / s.sum()) / 2
