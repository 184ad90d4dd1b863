r"""The log-likelihood of a mixture of Gaussians, and its responsibilities.

$$l = \sum_a \log \sum_c w_c\, N(x_a; \mu_c, \sigma_c), \quad w = \mathrm{softmax}(z), \qquad
\rho_{ac} = \frac{w_c\, N(x_a; \mu_c, \sigma_c)}{\sum_e w_e\, N(x_a; \mu_e, \sigma_e)}$$
$$\frac{\partial l}{\partial z_c} = \sum_a (\rho_{ac} - w_c), \qquad
\frac{\partial l}{\partial \mu_c} = \sum_a \rho_{ac} \frac{r_{ac}}{\sigma_c}, \qquad
\frac{\partial l}{\partial \sigma_c} = \sum_a \rho_{ac} \frac{r_{ac}^2 - 1}{\sigma_c}, \qquad
\frac{\partial l}{\partial x_a} = -\sum_c \rho_{ac} \frac{r_{ac}}{\sigma_c}$$

The samples ``x`` are ``(n,)``; the scores ``z`` of the shares, ``mu`` and ``sigma`` $> 0$ are
``(c,)``; $r_{ac} = (x_a - \mu_c) / \sigma_c$; $l$ is a scalar. Every gradient is that of one
Gaussian, weighted by how responsible it is. Bishop, "Pattern recognition and machine learning",
2006, section 9.2.
"""

import math

import numpy as np

from derivations.log_softmax import log_softmax
from derivations.probability.gaussian import log_density
from derivations.softmax import softmax
from gradcheck import derivation, identity, options, real

DEVIATIONS = real("c", low=0.01, high=100)


def log_terms(x, z, mu, sigma):
    r"""$\log w_c + \log N(x_a; \mu_c, \sigma_c)$, shape ``(n, c)``."""
    r = (x[:, np.newaxis] - mu) / sigma
    return log_softmax(z) - r * r / 2 - np.log(sigma) - math.log(2 * math.pi) / 2


def responsibilities(x, z, mu, sigma):
    r"""$\rho$, shape ``(n, c)``: a softmax over the components."""
    return np.exp(log_softmax(log_terms(x, z, mu, sigma)))


@options(output="l")
@derivation(x="n", z="c", mu="c", sigma=DEVIATIONS)
def mixture_log_likelihood(x, z, mu, sigma):
    r"""$\sum_a \log \sum_c e^{\text{terms}}$ with the largest term taken out, a scalar."""
    terms = log_terms(x, z, mu, sigma)
    largest = terms.max(axis=1, keepdims=True)
    return (largest[:, 0] + np.log(np.exp(terms - largest).sum(axis=1))).sum()


@mixture_log_likelihood.gradient
def gradient(x, z, mu, sigma):
    r"""The gradients of ``x`` ``(n,)``, of ``z``, ``mu`` and ``sigma`` ``(c,)``."""
    rho = responsibilities(x, z, mu, sigma)
    r = (x[:, np.newaxis] - mu) / sigma
    towards = rho * r / sigma
    dz = (rho - softmax(z)).sum(axis=0)
    return -towards.sum(axis=1), dz, towards.sum(axis=0), (rho * (r * r - 1)).sum(axis=0) / sigma


@identity(x="n", mu="", sigma=real(low=0.01, high=100))
def one_component(x, mu, sigma):
    r"""With one component it is the Gaussian log-likelihood; a scalar."""
    mixture = mixture_log_likelihood(x, np.zeros(1), np.array([mu]), np.array([sigma]))
    return mixture, log_density(x, np.full_like(x, mu), np.full_like(x, sigma)).sum()


@identity(x="n", z="c", mu="c", sigma=DEVIATIONS)
def shares_and_shift(x, z, mu, sigma):
    r"""$\sum_c dz_c = 0$, and moving samples and means together: $\sum dx + \sum d\mu = 0$."""
    dx, dz, dmu, _ = gradient(x, z, mu, sigma)
    return np.stack([dz.sum(), dx.sum() + dmu.sum()]), np.zeros(2)
