"""Wrong versions of claims in ``derivations/linear_algebra/outer.py``."""

from derivations.linear_algebra import outer as right
from gradcheck import derivation, options


@options(output="Y")
@derivation(u="n", v="m")
def outer(u, v):
    return right.outer(u, v)


@outer.vjp
def partner_forgotten(dY, u, v):
    return dY.sum(axis=1), dY.sum(axis=0)


@outer.vjp
def partner_summed(dY, u, v):
    return dY.sum(axis=1) * v.sum(), dY.sum(axis=0) * u.sum()
