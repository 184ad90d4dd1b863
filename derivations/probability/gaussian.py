r"""The logarithm of the Gaussian density.

$$l = -\frac12 \Big( \frac{x - \mu}{\sigma} \Big)^2 - \log \sigma - \frac12 \log 2\pi, \qquad
r = \frac{x - \mu}{\sigma}$$
$$\frac{\partial l}{\partial x} = -\frac{r}{\sigma}, \qquad
\frac{\partial l}{\partial \mu} = \frac{r}{\sigma}, \qquad
\frac{\partial l}{\partial \sigma} = \frac{r^2 - 1}{\sigma}$$

``x``, ``mu``, ``sigma`` $> 0$ and $l$ are ``(k,)``, entry by entry.

Bishop, "Pattern recognition and machine learning", 2006.
"""

import math

import numpy as np

from gradcheck import derivation, identity, options, real

POSITIVE = real("k", low=0)


@options(output="l")
@derivation(x="k", mu="k", sigma=POSITIVE)
def log_density(x, mu, sigma):
    r"""$-r^2 / 2 - \log \sigma - \log \sqrt{2\pi}$, shape ``(k,)``."""
    r = (x - mu) / sigma
    return -r * r / 2 - np.log(sigma) - math.log(2 * math.pi) / 2


@log_density.vjp
def backward(dl, x, mu, sigma):
    r"""$dx = -dl\, r / \sigma$, $d\mu = -dx$, $d\sigma = dl\,(r^2 - 1) / \sigma$: ``(k,)``."""
    r = (x - mu) / sigma
    return -dl * r / sigma, dl * r / sigma, dl * (r * r - 1) / sigma


@options(sizes={"n": (2, 16)}, output="l")
@derivation(x=real("n", differentiate=False), mu="", sigma=real(low=0))
def log_likelihood(x, mu, sigma):
    r"""$\sum_a \log N(x_a; \mu, \sigma)$ of samples ``(n,)`` of one distribution; a scalar."""
    return log_density(x, np.full_like(x, mu), np.full_like(x, sigma)).sum()


@log_likelihood.gradient
def gradient(x, mu, sigma):
    r"""$\sum_a r_a / \sigma$ and $\sum_a (r_a^2 - 1) / \sigma$: two scalars; none for ``x``."""
    r = (x - mu) / sigma
    return None, r.sum() / sigma, (r * r - 1).sum() / sigma


@log_likelihood.hessian("mu")
def hessian(x, sigma):
    r"""$-n / \sigma^2$, a scalar: minus the Fisher information of the mean."""
    return -len(x) / sigma**2


@options(sizes={"n": (2, 16)})
@identity(x=real("n", low=-10, high=10))
def largest_at_mean_and_deviation(x):
    r"""The likelihood is level at $\mu = \bar x$ and $\sigma^2 = \frac1n \sum (x - \bar x)^2$.

    Times $\sigma$, so that the scale of the samples does not matter; two zeros.
    """
    sigma = x.std()
    _, dmu, dsigma = gradient(x, x.mean(), sigma)
    return np.stack([dmu, dsigma]) * sigma, np.zeros(2)
