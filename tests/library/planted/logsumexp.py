"""Wrong versions of the claims in ``derivations/logsumexp.py``."""

import numpy as np

from derivations import logsumexp as right
from derivations.log_softmax import log_softmax
from derivations.softmax import jacobian as softmax_jacobian
from derivations.softmax import softmax
from gradcheck import derivation, identity, real


@derivation(z="k")
def logsumexp(z):
    return right.logsumexp(z)


@logsumexp.gradient
def not_normalised(z):
    return np.exp(z - z.max())


@logsumexp.gradient
def gradient_of_the_maximum(z):
    return 1.0 * (z == z.max())


@logsumexp.hessian
def diagonal_of_the_hessian_only(z):
    y = softmax(z)
    return np.diag(y * (1 - y))


@logsumexp.vjp
def upstream_forgotten(dl, z):
    return softmax(z)


@identity(z="k")
def plus_outer_product(z):
    y = softmax(z)
    return np.diag(y) + np.outer(y, y), softmax_jacobian(y)


@identity(z="k", c=real(low=-1e6, high=1e6))
def taken_for_invariant(z, c):
    return right.logsumexp(z + c), right.logsumexp(z)


@identity(z="k", c=real(low=-1e6, high=1e6))
def shift_counted_for_each_class(z, c):
    return right.logsumexp(z + c), len(z) * c + right.logsumexp(z)


@identity(z="k")
def maximum_for_logsumexp(z):
    return log_softmax(z), z - z.max()
