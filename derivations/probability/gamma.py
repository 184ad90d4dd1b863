r"""The logarithm of the gamma density.

$$l = a \log \lambda - \log \Gamma(a) + (a - 1) \log x - \lambda x$$
$$\frac{\partial l}{\partial x} = \frac{a - 1}{x} - \lambda, \qquad
\frac{\partial l}{\partial a} = \log(\lambda x) - \psi(a), \qquad
\frac{\partial l}{\partial \lambda} = \frac{a}{\lambda} - x$$

``x``, the shape ``a``, the rate ``rate`` $\lambda$, all $> 0$, and $l$ are ``(k,)``, entry by
entry; $\psi$ is the digamma function of ``log_gamma.py``.

Johnson, Kotz and Balakrishnan, "Continuous univariate distributions", volume 1, 1994.
"""

import numpy as np

from derivations.probability.log_gamma import digamma, log_gamma
from gradcheck import derivation, identity, options, real

POSITIVE = real("k", low=0)
SHAPE = real("k", low=0, high=1e4)


@options(output="l")
@derivation(x=POSITIVE, a=SHAPE, rate=POSITIVE)
def log_density(x, a, rate):
    r"""$a \log \lambda - \log \Gamma(a) + (a - 1) \log x - \lambda x$, shape ``(k,)``."""
    return a * np.log(rate) - log_gamma(a) + (a - 1) * np.log(x) - rate * x


@log_density.vjp
def backward(dl, x, a, rate):
    r"""$dx$, $da$ and $d\lambda$, each ``(k,)``."""
    da = np.log(rate) + np.log(x) - digamma(a)
    return dl * ((a - 1) / x - rate), dl * da, dl * (a / rate - x)


@log_density.jvp
def forward_mode(dx, da, drate, x, a, rate):
    r"""$\dot l$ is linear in the three tangents, so the gradients times them; ``(k,)``."""
    gx, ga, grate = backward(np.ones_like(x), x, a, rate)
    return gx * dx + ga * da + grate * drate


@identity(x=POSITIVE, rate=POSITIVE)
def exponential_density(x, rate):
    r"""With $a = 1$ it is $\log \lambda - \lambda x$; ``(k,)``."""
    return log_density(x, np.ones_like(x), rate), np.log(rate) - rate * x


@identity(x=POSITIVE, a=SHAPE, rate=POSITIVE)
def only_the_product_counts(x, a, rate):
    r"""$x\, p(x; a, \lambda)$ depends on $\lambda x$ alone: $\lambda l_\lambda = x l_x + 1$."""
    dx, _, drate = backward(np.ones_like(x), x, a, rate)
    return rate * drate, x * dx + 1
