r"""The logarithm of the beta density.

$$l = (a - 1) \log x + (b - 1) \log(1 - x) - \log B(a, b), \qquad
B(a, b) = \frac{\Gamma(a) \Gamma(b)}{\Gamma(a + b)}$$
$$\frac{\partial l}{\partial x} = \frac{a - 1}{x} - \frac{b - 1}{1 - x}, \qquad
\frac{\partial l}{\partial a} = \log x - \psi(a) + \psi(a + b), \quad
\frac{\partial l}{\partial b} = \log(1 - x) - \psi(b) + \psi(a + b)$$

``x`` between 0 and 1, ``a`` and ``b`` $> 0$ and $l$ are ``(k,)``, entry by entry; $\psi$ is the
digamma function of ``log_gamma.py``.

Johnson, Kotz and Balakrishnan, "Continuous univariate distributions", volume 2, 1995.
"""

import numpy as np

from derivations.probability.log_gamma import digamma, log_gamma
from gradcheck import derivation, identity, options, real

BETWEEN = real("k", low=0, high=1)
POSITIVE = real("k", low=0, high=1e4)


@options(output="l")
@derivation(x=BETWEEN, a=POSITIVE, b=POSITIVE)
def log_density(x, a, b):
    r"""$(a - 1) \log x + (b - 1) \log(1 - x) - \log B(a, b)$, shape ``(k,)``."""
    log_beta = log_gamma(a) + log_gamma(b) - log_gamma(a + b)
    return (a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - log_beta


@log_density.vjp
def backward(dl, x, a, b):
    r"""$dx$, $da$ and $db$, each ``(k,)``."""
    both = digamma(a + b)
    dx = dl * ((a - 1) / x - (b - 1) / (1 - x))
    return dx, dl * (np.log(x) - digamma(a) + both), dl * (np.log1p(-x) - digamma(b) + both)


@identity(x=BETWEEN, a=POSITIVE, b=POSITIVE, dl="k")
def mirrored(x, a, b, dl):
    r"""$l(x; a, b) = l(1 - x; b, a)$, and so the gradients of ``a`` and ``b`` trade places."""
    _, da, db = backward(dl, x, a, b)
    _, da_mirrored, db_mirrored = backward(dl, 1 - x, b, a)
    return np.stack([da, db]), np.stack([db_mirrored, da_mirrored])


@identity(a=real("k", low=1.5, high=100), b=real("k", low=1.5, high=100))
def level_at_the_mode(a, b):
    r"""For $a, b > 1$ the density is largest at $x = (a - 1) / (a + b - 2)$; ``(k,)``."""
    mode = (a - 1) / (a + b - 2)
    return backward(np.ones_like(a), mode, a, b)[0], 0 * a
