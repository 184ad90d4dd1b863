"""Wrong versions of the claims in ``derivations/squared_error.py``."""

from derivations import squared_error as right
from gradcheck import derivation, identity


@derivation(q="*batch k", t="*batch k")
def squared_error(q, t):
    return right.squared_error(q, t)


@squared_error.vjp
def half_forgotten(dl, q, t):
    dq = 2 * dl * (q - t) / q[..., 0].size
    return dq, -dq


@squared_error.vjp
def averaged_over_the_classes_too(dl, q, t):
    dq = dl * (q - t) / q.size
    return dq, -dq


@squared_error.vjp
def same_sign_for_the_target(dl, q, t):
    dq = dl * (q - t) / q[..., 0].size
    return dq, dq


@identity(q="n k", t="n k", s="n k")
def mean_forgotten(q, t, s):
    return right.backward(1.0, q, t)[0] - right.backward(1.0, s, t)[0], q - s
