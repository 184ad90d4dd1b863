r"""The variance of a row of numbers, divided by $k - \text{ddof}$.

$$v = \frac{1}{k - d} \sum_a (x_a - \mu)^2, \qquad
\frac{\partial v}{\partial x_a} = \frac{2 (x_a - \mu)}{k - d}, \qquad
\frac{\partial^2 v}{\partial x\, \partial x^T} = \frac{2}{k - d} \Big( I - \frac{1}{k} 1 1^T \Big)$$

The mean depends on every $x_a$ too, but its share of the gradient is
$-\frac{2}{k - d} \frac{1}{k} \sum_b (x_b - \mu) = 0$: deviations sum to 0. Not so for what is
divided by the standard deviation, see batch normalization.

Casella and Berger, "Statistical inference", 2002.
"""

import numpy as np

from gradcheck import choice, derivation, identity, options, real

# Two entries at least, so that k - 1 is not 0.
SAMPLES = {"k": (2, 16)}
DDOF = choice(0, 1)


@options(output="v", sizes=SAMPLES)
@derivation(x="k", ddof=DDOF)
def variance(x, ddof):
    r"""$v$, a scalar, of ``x`` ``(k,)``: the mean is subtracted before squaring."""
    return ((x - x.mean()) ** 2).sum() / (len(x) - ddof)


@variance.gradient
def gradient(x, ddof):
    r"""$2 (x - \mu) / (k - d)$, shape ``(k,)``."""
    return 2 * (x - x.mean()) / (len(x) - ddof)


@variance.hessian
def hessian(x, ddof):
    r"""$\frac{2}{k - d} (I - \frac1k 1 1^T)$, shape ``(k, k)``: a projection, up to the factor."""
    k = len(x)
    return 2 / (k - ddof) * (np.eye(k) - 1 / k)


@variance.vjp
def backward(dv, x, ddof):
    r"""$dx = dv\, 2 (x - \mu) / (k - d)$; ``dv`` is a scalar, the result ``(k,)``."""
    return dv * 2 * (x - x.mean()) / (len(x) - ddof)


@options(sizes=SAMPLES)
@identity(x="k", ddof=DDOF)
def share_of_the_mean(x, ddof):
    r"""With the share of the mean written out, and without: it is 0; shape ``(k,)``."""
    k, deviation = len(x), x - x.mean()
    direct = 2 * deviation / (k - ddof)
    through_the_mean = -2 * deviation.sum() / (k - ddof) / k
    return direct + through_the_mean, gradient(x, ddof)


@options(sizes=SAMPLES)
@identity(x=real("k", low=-4, high=4), ddof=DDOF)
def textbook_form(x, ddof):
    r"""$\frac{k}{k - d} \big( \overline{x^2} - \bar x^2 \big)$: cancels far from 0; a scalar."""
    k = len(x)
    return variance(x, ddof), k / (k - ddof) * ((x**2).mean() - x.mean() ** 2)


@options(sizes=SAMPLES)
@identity(x="k", c=real(low=-100, high=100), ddof=DDOF)
def shift(x, c, ddof):
    r"""$v(x + c) = v(x)$, a scalar; hence the gradient sums to 0."""
    return variance(x + c, ddof), variance(x, ddof)


@options(sizes=SAMPLES)
@identity(x="k")
def mean_of_pairs(x):
    r"""$v = \frac{1}{2 k^2} \sum_{ab} (x_a - x_b)^2$, where no mean is left; a scalar."""
    pairs = x[:, np.newaxis] - x
    return variance(x, 0), (pairs**2).sum() / (2 * len(x) ** 2)
