r"""The logarithm of the Gaussian density of a vector.

$$l = -\frac12 (x - \mu)^T \Sigma^{-1} (x - \mu) - \frac12 \log \det \Sigma - \frac{n}{2} \log 2\pi,
\qquad u = \Sigma^{-1} (x - \mu)$$
$$\frac{\partial l}{\partial x} = -u, \qquad \frac{\partial l}{\partial \mu} = u, \qquad
\frac{\partial l}{\partial \Sigma} = \frac12 (u u^T - \Sigma^{-1})$$

``x`` and ``mu`` are ``(n,)``, ``Sigma`` is ``(n, n)``, symmetric and positive definite, $l$ a
scalar. $\partial l / \partial \Sigma$ is compared along symmetric directions: the formula treats
the entries $(i, j)$ and $(j, i)$ as two. Petersen and Pedersen, "The matrix cookbook", 2012.
"""

import math

import numpy as np

from derivations.probability.gaussian import log_density as log_density_of_a_number
from gradcheck import derivation, identity, options, positive_definite, real


@options(output="l", sizes={"n": (1, 5)})
@derivation(x="n", mu="n", Sigma=positive_definite("n n"))
def log_density(x, mu, Sigma):
    r"""$\log N(x; \mu, \Sigma)$, a scalar, from the Cholesky factor of $\Sigma$."""
    L = np.linalg.cholesky(Sigma)
    white = np.linalg.solve(L, x - mu)
    return -white @ white / 2 - np.log(np.diag(L)).sum() - len(x) / 2 * math.log(2 * math.pi)


@log_density.gradient
def gradient(x, mu, Sigma):
    r"""$-u$ and $u$ ``(n,)``, $\frac12 (u u^T - \Sigma^{-1})$ ``(n, n)``."""
    inverse = np.linalg.inv(Sigma)
    u = inverse @ (x - mu)
    return -u, u, (np.outer(u, u) - inverse) / 2


@log_density.hessian("x")
def hessian(Sigma):
    r"""$-\Sigma^{-1}$, shape ``(n, n)``: minus the precision."""
    return -np.linalg.inv(Sigma)


@identity(x="n", mu="n", sigma=real("n", low=0.01, high=100))
def independent_entries(x, mu, sigma):
    r"""With a diagonal $\Sigma$ the density is the product of those of its entries; scalars."""
    together = log_density(x, mu, np.diag(sigma**2))
    return together, log_density_of_a_number(x, mu, sigma).sum()
