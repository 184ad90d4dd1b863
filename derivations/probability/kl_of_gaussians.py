r"""The Kullback-Leibler divergence of Gaussians with independent entries.

$$l = \sum_i \Big( \log \frac{\tau_i}{\sigma_i} + \frac{\sigma_i^2 + (\mu_i - m_i)^2}{2 \tau_i^2}
- \frac12 \Big) \quad \text{of } N(\mu, \sigma) \text{ from } N(m, \tau)$$
$$\frac{\partial l}{\partial \mu} = \frac{\mu - m}{\tau^2} = -\frac{\partial l}{\partial m}, \qquad
\frac{\partial l}{\partial \sigma} = \frac{\sigma}{\tau^2} - \frac1\sigma, \qquad
\frac{\partial l}{\partial \tau} = \frac1\tau - \frac{\sigma^2 + (\mu - m)^2}{\tau^3}$$

All four inputs are ``(k,)``, $\sigma, \tau > 0$; $l$ is a scalar. From the standard normal, with
$s = \log \sigma^2$, it is the regularizer of a variational auto-encoder,
$\frac12 \sum (e^s + \mu^2 - 1 - s)$: Kingma and Welling, 2014, appendix B.
"""

import numpy as np

from gradcheck import derivation, identity, options, real

POSITIVE = real("k", low=0)


@options(output="l")
@derivation(mu="k", sigma=POSITIVE, m="k", tau=POSITIVE)
def kl_of_gaussians(mu, sigma, m, tau):
    r"""$\sum_i (\log \frac{\tau}{\sigma} + \frac{\sigma^2 + (\mu - m)^2}{2\tau^2} - \frac12)$."""
    ratio, distance = sigma / tau, (mu - m) / tau
    return (-np.log(ratio) + (ratio**2 + distance**2 - 1) / 2).sum()


@kl_of_gaussians.vjp
def backward(dl, mu, sigma, m, tau):
    r"""The four gradients, each ``(k,)``; ``dl`` is a scalar."""
    ratio, distance = sigma / tau, (mu - m) / tau
    dmu = dl * distance / tau
    dsigma = dl * (ratio / tau - 1 / sigma)
    dtau = dl * (1 - ratio**2 - distance**2) / tau
    return dmu, dsigma, -dmu, dtau


@options(output="l")
@derivation(mu="k", s=real("k", low=-30, high=30))
def from_the_standard_normal(mu, s):
    r"""$\frac12 \sum (e^s + \mu^2 - 1 - s)$ with $s = \log \sigma^2$, a scalar."""
    return (np.exp(s) + mu**2 - 1 - s).sum() / 2


@from_the_standard_normal.gradient
def gradient(mu, s):
    r"""$\mu$ and $\frac12 (e^s - 1)$, each ``(k,)``."""
    return mu, np.expm1(s) / 2


@identity(mu="k", s=real("k", low=-10, high=10))
def special_case(mu, s):
    r"""$m = 0$, $\tau = 1$; a scalar."""
    zero = np.zeros_like(mu)
    general = kl_of_gaussians(mu, np.exp(s / 2), zero, zero + 1)
    return general, from_the_standard_normal(mu, s)


@identity(mu="k", sigma=POSITIVE)
def least_where_equal(mu, sigma):
    r"""From itself the divergence is 0 and level: five zeros in all, shape ``(5, k)``."""
    gradients = backward(1.0, mu, sigma, mu, sigma)
    value = np.full_like(mu, kl_of_gaussians(mu, sigma, mu, sigma))
    return np.stack([value, *(sigma * g for g in gradients)]), np.zeros((5, len(mu)))
