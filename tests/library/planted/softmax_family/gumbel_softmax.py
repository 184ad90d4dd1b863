"""Wrong versions of claims in ``derivations/softmax_family/gumbel_softmax.py``."""

from derivations.softmax_family import gumbel_softmax as right
from derivations.softmax_family.temperature import backward as tempered_backward
from gradcheck import derivation


@derivation(z="k", u=right.NOISE, T=right.POSITIVE)
def gumbel_softmax(z, u, T):
    return right.gumbel_softmax(z, u, T)


@gumbel_softmax.vjp
def temperature_forgotten(dy, z, u, T, y):
    dz, dT = right.backward(dy, z, u, T, y)[::2]
    return dz * T, None, dT


@gumbel_softmax.vjp
def noise_left_out_of_the_temperature(dy, z, u, T, y):
    dz, dT = tempered_backward(dy, z, y, T)
    return dz, None, dT
