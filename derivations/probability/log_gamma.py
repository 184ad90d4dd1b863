r"""The logarithm of the gamma function, and its first two derivatives.

$$l(x) = \log \Gamma(x), \qquad \psi(x) = l'(x), \qquad \psi'(x) = l''(x)$$
$$l(x) = l(x + 10) - \sum_{k=0}^{9} \log(x + k), \qquad
l(z) \approx \Big( z - \frac12 \Big) \log z - z + \frac{\log 2\pi}{2}
+ \sum_{n \ge 1} \frac{B_{2n}}{2n (2n - 1)\, z^{2n - 1}}$$

``x`` $> 0$ and the results have one shape. Abramowitz and Stegun, "Handbook of mathematical
functions", 1964, 6.1.40, 6.3.18 and 6.4.11, each the derivative of the one before. The series is
asymptotic; from $z = 10$ on seven terms are exact to the last digit; the recurrence leads there.

Weak: near 1 and 2, where $l$ is 0, it is a difference of nearly equal numbers, exact to 1e-15.
"""

import math

import numpy as np

from gradcheck import derivation, identity, real

POSITIVE = real("*batch k", low=0)
#: From here on the series is exact to the last digit.
SHIFT = 10
#: The Bernoulli numbers B_2, B_4, … B_14, and the index 2n of each.
BERNOULLI = np.array([1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6])
INDEX = 2 * np.arange(1, 8)


def steps(x):
    r"""$x, x + 1, \dots, x + 9$ along a last axis: the steps of the recurrence."""
    return x[..., None] + np.arange(SHIFT)


def series(z, factors, powers):
    r"""$\sum_n c_n / z^{e_n}$, of the shape of ``z``: the terms stand along a last axis."""
    return (factors / z[..., None] ** powers).sum(axis=-1)


@derivation(x=POSITIVE)
def log_gamma(x):
    r"""$\log \Gamma(x)$ for each entry; the result is shaped as ``x``."""
    z = x + SHIFT
    rest = series(z, BERNOULLI / (INDEX * (INDEX - 1)), INDEX - 1)
    stirling = (z - 1 / 2) * np.log(z) - z + math.log(2 * math.pi) / 2 + rest
    return stirling - np.log(steps(x)).sum(axis=-1)


@derivation(x=POSITIVE)
def digamma(x):
    r"""$\psi(x)$ for each entry; the result is shaped as ``x``."""
    z = x + SHIFT
    rest = series(z, BERNOULLI / INDEX, INDEX)
    return np.log(z) - 1 / (2 * z) - rest - (1 / steps(x)).sum(axis=-1)


def trigamma(x):
    r"""$\psi'(x)$, of the shape of ``x``."""
    z = x + SHIFT
    rest = series(z, BERNOULLI, INDEX + 1)
    return 1 / z + 1 / (2 * z * z) + rest + (1 / steps(x) ** 2).sum(axis=-1)


@log_gamma.vjp
def backward(dl, x):
    r"""$dx = dl\, \psi(x)$; all of the shape of ``x``."""
    return dl * digamma(x)


@digamma.jvp
def forward_mode(dx, x):
    r"""$\dot \psi = \psi'(x)\, \dot x$; all of the shape of ``x``."""
    return trigamma(x) * dx


@identity(x=real("k", low=0))
def recurrences(x):
    r"""$\Gamma(x + 1) = x \Gamma(x)$, and what its derivatives say; ``(3, k)``.

    $$\psi(x + 1) = \psi(x) + \frac1x, \qquad \psi'(x + 1) = \psi'(x) - \frac{1}{x^2}$$
    """
    above = np.stack([log_gamma(x + 1), digamma(x + 1), trigamma(x + 1)])
    here = [log_gamma(x) + np.log(x), digamma(x) + 1 / x, trigamma(x) - 1 / (x * x)]
    return above, np.stack(here)


@identity(x=real("k", low=0))
def duplication(x):
    r"""$\psi(2x) = \frac12 \psi(x) + \frac12 \psi(x + \frac12) + \log 2$, shape ``(k,)``."""
    return digamma(2 * x), digamma(x) / 2 + digamma(x + 0.5) / 2 + math.log(2)


@identity(x=real("k", low=0, high=20))
def as_the_standard_library_has_it(x):
    r"""$\Gamma$ by ``math.gamma``, which is made another way; shape ``(k,)``."""
    return np.exp(log_gamma(x)), np.array([math.gamma(number) for number in x])
