"""Wrong versions of claims in ``derivations/normalization/group_norm.py``."""

from derivations.normalization import group_norm as right
from gradcheck import derivation, options


@options(sizes=right.SMALL)
@derivation(x="n 6*c s", gamma="6*c", beta="6*c", groups=right.GROUPS)
def group_norm(x, gamma, beta, groups):
    return right.group_norm(x, gamma, beta, groups)


@group_norm.vjp
def one_group_for_all(dy, x, gamma):
    return right.backward(dy, x, gamma, 1)


@group_norm.vjp
def gain_left_out(dy, x, gamma, groups):
    return right.backward(dy, x, 0 * gamma + 1, groups)
