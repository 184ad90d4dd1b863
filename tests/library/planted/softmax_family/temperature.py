"""Wrong versions of claims in ``derivations/softmax_family/temperature.py``."""

from derivations.softmax import backward as softmax_backward
from derivations.softmax import jacobian as softmax_jacobian
from derivations.softmax_family import temperature as right
from gradcheck import derivation


@derivation(z="k", T=right.POSITIVE)
def tempered_softmax(z, T):
    return right.tempered_softmax(z, T)


@tempered_softmax.jacobian("z")
def inner_scale_forgotten(y):
    return softmax_jacobian(y)


@tempered_softmax.column("T")
def mean_not_subtracted(z, y, T):
    return -y * (z - z.max()) / T / T


@tempered_softmax.vjp
def divided_once(dy, z, y, T):
    dz = softmax_backward(dy, y) / T
    return dz, -dz @ z
