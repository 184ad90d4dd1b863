r"""The Poisson loss of counts, from the logarithm of the rate.

$$l = \frac{1}{N} \sum_a (e^{z_a} - t_a z_a), \qquad dz_a = \frac{e^{z_a} - t_a}{N}$$

``z``, the logarithms of the predicted rates, is ``(n,)``; so are the counts ``t``; $l$ is a scalar:
the negative log-likelihood without $\log t!$, which does not depend on $z$. As with softmax and
with the sigmoid, the gradient is prediction minus target: the link is the canonical one (McCullagh
and Nelder, "Generalized linear models", 1989).
"""

import numpy as np

from gradcheck import derivation, identity, integers, real

LOG_RATES = real("n", low=-20, high=20)
COUNTS = integers("n", low=0, high=10)


@derivation(z=LOG_RATES, t=COUNTS)
def poisson(z, t):
    r"""The mean of $e^z - t z$, a scalar."""
    return (np.exp(z) - t * z).mean()


@poisson.vjp
def backward(dl, z, t):
    r"""$dz = dl\, (e^z - t) / N$, shape ``(n,)``."""
    return dl * (np.exp(z) - t) / len(z)


@poisson.hessian
def hessian(z):
    r"""$\mathrm{diag}(e^z) / N$, shape ``(n, n)``: convex in ``z``."""
    return np.diag(np.exp(z)) / len(z)


@identity(t=real("n", low=1, high=10))
def level_at_the_counts(t):
    r"""At $z = \log t$ the gradient is 0, where $e^z$ is the count itself; ``(n,)``."""
    z = np.log(t)
    return backward(1.0, z, t) + t / len(t), np.exp(z) / len(t), t / len(t)
