r"""The logarithm of a sum of exponentials: the function whose gradient is softmax.

$$l = \log \sum_{n=1}^k e^{z_n}, \qquad
\frac{\partial l}{\partial z} = \mathrm{softmax}(z), \qquad
\frac{\partial^2 l}{\partial z\, \partial z^T} = \mathrm{diag}(y) - y y^T$$

Not in the homework; it explains section 3: the matrix there is a Hessian, hence symmetric.

Boyd and Vandenberghe, "Convex optimization", 2004, section 3.1.5.
"""

import numpy as np

from derivations.log_softmax import log_softmax
from derivations.softmax import jacobian as softmax_jacobian
from derivations.softmax import softmax
from gradcheck import derivation, identity, real


@derivation(z="k")
def logsumexp(z):
    r"""$m + \log \sum_n e^{z_n - m}$ with $m = \max_n z_n$; ``z`` is ``(k,)``, $l$ a scalar."""
    largest = z.max()
    return largest + np.log(np.exp(z - largest).sum())


@logsumexp.gradient
def gradient(z):
    r"""$\partial l / \partial z_i = e^{z_i} / \sum_n e^{z_n}$, shape ``(k,)``."""
    return softmax(z)


@logsumexp.hessian
def hessian(z):
    r"""$H_{ij} = y_i (\delta_{ij} - y_j)$ with $y = \mathrm{softmax}(z)$, shape ``(k, k)``."""
    y = softmax(z)
    return np.diag(y) - np.outer(y, y)


@logsumexp.vjp
def backward(dl, z):
    r"""$dz = dl \cdot \mathrm{softmax}(z)$; ``dl`` is a scalar, the result ``(k,)``."""
    return dl * softmax(z)


@identity(z="k")
def hessian_is_the_softmax_jacobian(z):
    r"""$H = J$, whose symmetry is then no accident; each expression is ``(k, k)``."""
    return hessian(z), softmax_jacobian(softmax(z))


@identity(z="k", c=real(low=-1e6, high=1e6))
def shift(z, c):
    r"""$\log \sum_n e^{z_n + c} = c + \log \sum_n e^{z_n}$, a scalar."""
    return logsumexp(z + c), c + logsumexp(z)


@identity(z="k")
def normaliser_of_log_softmax(z):
    r"""$\log \mathrm{softmax}(z) = z - \log \sum_n e^{z_n}$, shape ``(k,)``."""
    return log_softmax(z), z - logsumexp(z)
