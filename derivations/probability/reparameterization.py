r"""A Gaussian sample as a function of its mean and variance: the reparameterization trick.

$$z = \mu + e^{s/2} \varepsilon, \quad s = \log \sigma^2, \qquad
d\mu = dz, \quad ds = \tfrac12\, dz \odot e^{s/2} \odot \varepsilon
= \tfrac12\, dz \odot (z - \mu)$$

``mu``, ``s``, the standard normal noise ``eps`` and ``z`` are ``(k,)``. Kingma and Welling,
"Auto-encoding variational Bayes", 2014. The noise is an input: a sample drawn inside the function
would differ from call to call, and has no derivative.
"""

import numpy as np

from derivations.probability.gaussian import log_density
from gradcheck import derivation, identity, options, real

LOG_VARIANCE = real("k", low=-30, high=30)
NOISE = real("k", low=-6, high=6, differentiate=False)


@options(output="z")
@derivation(mu="k", s=LOG_VARIANCE, eps=NOISE)
def sample(mu, s, eps):
    r"""$\mu + e^{s/2} \varepsilon$, shape ``(k,)``."""
    return mu + np.exp(s / 2) * eps


@sample.vjp
def backward(dz, s, eps):
    r"""$d\mu = dz$, $ds = \frac12 dz\, e^{s/2} \varepsilon$, each ``(k,)``; none for the noise."""
    return dz, dz * np.exp(s / 2) * eps / 2, None


@sample.jvp
def forward_mode(dmu, ds, s, eps):
    r"""$\dot z = \dot \mu + \frac12 e^{s/2} \varepsilon\, \dot s$, shape ``(k,)``."""
    return dmu + np.exp(s / 2) * eps * ds / 2


@identity(mu=real("k", low=-3, high=3), s=real("k", low=-6, high=6), eps=real("k", low=-6, high=6))
def change_of_variables(mu, s, eps):
    r"""$\log N(z; \mu, \sigma) = \log N(\varepsilon; 0, 1) - \frac{s}{2}$; shape ``(k,)``."""
    zero = np.zeros_like(mu)
    z = sample(mu, s, eps)
    return log_density(z, mu, np.exp(s / 2)), log_density(eps, zero, zero + 1) - s / 2
