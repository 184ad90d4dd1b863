"""Rules that are right for a function without one of its choices, masks or terms."""

import numpy as np

from tests.diagnosis.forgetting import huber_of_a_norm, inflated, nucleus, potential
from tests.diagnosis.planted.planting import plant


@plant("choice", huber_of_a_norm, kind="gradient")
def _(x):
    return 1 * x


@plant("choice", inflated)
def _(dy, m, k):
    return dy * (np.exp(m) - k)


@plant("choice", nucleus)
def _(dy, z):
    e = np.exp(z - z.max())
    q = e / e.sum()
    return q * (dy - dy @ q)


@plant("left-out", potential, "x", kind="gradient")
def _(x, p):
    d = x - p
    return -(d / ((d**2).sum(axis=1) ** 1.5)[:, None]).sum(axis=0)
