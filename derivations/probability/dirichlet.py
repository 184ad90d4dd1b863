r"""The logarithm of the Dirichlet density.

$$l = \log \Gamma \Big( \sum_i a_i \Big) - \sum_i \log \Gamma(a_i) + \sum_i (a_i - 1) \log p_i$$
$$\frac{\partial l}{\partial p_i} = \frac{a_i - 1}{p_i}, \qquad
\frac{\partial l}{\partial a_i} = \log p_i - \psi(a_i) + \psi \Big( \sum_m a_m \Big)$$

The probabilities ``p``, which sum to 1, and ``a`` $> 0$ are ``(k,)``, $l$ is a scalar; $\psi$ is
the digamma function of ``log_gamma.py``. $p$ moves along directions of sum 0 alone. The derivatives
of the normalizer are the cumulants of $\log p$, as in every exponential family.

Minka, "Estimating a Dirichlet distribution", 2000.
"""

import numpy as np

from derivations.probability.beta import log_density as log_density_of_beta
from derivations.probability.log_gamma import digamma, log_gamma, trigamma
from gradcheck import derivation, identity, options, real, simplex

POSITIVE = real("k", low=0, high=1e4)


@options(output="l")
@derivation(p=simplex("k"), a=POSITIVE)
def log_density(p, a):
    r"""$\log \Gamma(\sum a) - \sum \log \Gamma(a) + \sum (a - 1) \log p$, a scalar."""
    return log_gamma(a.sum()) - log_gamma(a).sum() + ((a - 1) * np.log(p)).sum()


@log_density.gradient
def gradient(p, a):
    r"""$(a - 1) / p$ and $\log p - \psi(a) + \psi(\sum a)$, each ``(k,)``."""
    return (a - 1) / p, np.log(p) - digamma(a) + digamma(a.sum())


@options(output="n")
@derivation(a=POSITIVE)
def log_normalizer(a):
    r"""$n = \sum_i \log \Gamma(a_i) - \log \Gamma(\sum_i a_i)$, a scalar: what $l$ subtracts."""
    return log_gamma(a).sum() - log_gamma(a.sum())


@log_normalizer.gradient
def mean_of_the_logarithm(a):
    r"""$\psi(a) - \psi(\sum a)$, shape ``(k,)``: the mean of $\log p$ under the density."""
    return digamma(a) - digamma(a.sum())


@log_normalizer.hessian
def covariance_of_the_logarithm(a):
    r"""$\mathrm{diag}(\psi'(a)) - \psi'(\sum a) 1 1^T$, ``(k, k)``: the Fisher information."""
    return np.diag(trigamma(a)) - trigamma(a.sum())


@identity(x=real("", low=0.01, high=0.99), a=real("2", low=0.1, high=100))
def two_classes(x, a):
    r"""For two classes it is the beta density; a scalar."""
    beta = log_density_of_beta(np.array([x]), a[:1], a[1:])[0]
    return log_density(np.array([x, 1 - x]), a), beta
