"""Wrong versions of the claims in ``derivations/relu.py``."""

import numpy as np

from derivations import relu as right
from gradcheck import derivation, identity, measure_jvp, options, real


def slope_with_one_at_zero(p):
    return 1.0 * (p >= 0)


@options(at_kink="left")
@derivation(p="*batch h")
def relu(p):
    return right.relu(p)


@relu.partial(where=lambda i, j: i == j)
def function_for_its_slope(p, i):
    return np.maximum(p[i], 0.0)


@relu.partial(where=lambda i, j: i == j)
def right_slope_at_zero(p, i):
    return slope_with_one_at_zero(p[i])


@relu.partial(where=lambda i, j: i != j)
def slope_everywhere(p, i):
    return right.slope(p[i])


@relu.vjp
def one_at_zero(dr, p):
    return dr * slope_with_one_at_zero(p)


@relu.vjp
def mask_from_upstream(dr):
    return dr * (dr > 0)


@relu.vjp
def upstream_forgotten(dr, p):
    return right.slope(p)


@identity(p="h", dr="h")
def inner_product(p, dr):
    return dr * right.slope(p), dr @ right.slope(p) * np.ones_like(p)


@identity(p="n h", dr="n h")
def mask_of_the_first_row(p, dr):
    return dr * right.slope(p), dr @ np.diag(right.slope(p[0]))


@identity(dr="h")
def everything_flows_at_zero(dr):
    return dr * slope_with_one_at_zero(np.zeros_like(dr)), np.zeros_like(dr)


@identity(p=real("h", nonzero=True), dr="h", v="h")
def absolute_value_for_the_slope(p, dr, v):
    return measure_jvp(lambda p: dr * right.relu(p), (p,), (v,)), dr * np.sign(p) * v
