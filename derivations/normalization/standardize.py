r"""Standardizing a row: the step that batch, layer, group and instance normalization share.

$$\hat x = \frac{x - \mu}{\sigma}, \quad \mu = \frac1m \sum_i x_i, \quad
\sigma = \sqrt{\frac1m \sum_i (x_i - \mu)^2 + \epsilon}, \qquad
\frac{\partial \hat x_j}{\partial x_i} = \frac{1}{\sigma} \Big( \delta_{ij} - \frac1m
- \frac{\hat x_i \hat x_j}{m} \Big)$$
$$dx = \frac{1}{\sigma} \Big( d\hat x - \frac1m \sum_i d\hat x_i
- \hat x\, \frac1m \sum_i d\hat x_i\, \hat x_i \Big)$$

``x`` and the result are ``(m,)``; $\epsilon$ is 1e-5. Ioffe and Szegedy, "Batch normalization",
2015. Three paths lead from $x_i$ to $\hat x_j$: the numerator, the mean, and the standard
deviation. To treat $\mu$ or $\sigma$ as constants loses one of the three terms.
"""

import numpy as np

from gradcheck import derivation, identity, options

EPSILON = 1e-5


def deviation(x):
    r"""$\sigma$, along the last axis, which stays."""
    return np.sqrt(x.var(axis=-1, keepdims=True) + EPSILON)


@options(output="x_hat")
@derivation(x="*batch m")
def standardize(x):
    r"""$(x - \mu) / \sigma$ along the last axis; the result is shaped as ``x``."""
    return (x - x.mean(axis=-1, keepdims=True)) / deviation(x)


@standardize.vjp
def backward(dx_hat, x, x_hat):
    r"""The three terms, along the last axis; all of the shape of ``x``."""
    mean = dx_hat.mean(axis=-1, keepdims=True)
    along = (dx_hat * x_hat).mean(axis=-1, keepdims=True)
    return (dx_hat - mean - x_hat * along) / deviation(x)


@options(output="x_hat")
@derivation(x="m")
def one_row(x):
    r"""The same of one row ``(m,)``, for its matrix."""
    return standardize(x)


@one_row.jacobian
def jacobian(x, x_hat):
    r"""$(I - \frac1m 1 1^T - \frac1m \hat x \hat x^T) / \sigma$, shape ``(m, m)``: symmetric."""
    m = len(x)
    return (np.eye(m) - 1 / m - np.outer(x_hat, x_hat) / m) / deviation(x)


@identity(x="m", dx_hat="m")
def three_paths(x, dx_hat):
    r"""Backwards through the variance, the mean and the numerator, one after the other; ``(m,)``.

    $$d\sigma = -\frac{1}{\sigma} \sum_i d\hat x_i \hat x_i, \quad dv = \frac{d\sigma}{2\sigma},
    \quad dc = \frac{d\hat x}{\sigma} + \frac2m dv\, c, \quad d\mu = -\sum_i dc_i, \quad
    dx = dc + \frac{d\mu}{m}$$

    with $c = x - \mu$; each line is the rule of one step of the forward computation.
    """
    m, sigma, x_hat = len(x), deviation(x), standardize(x)
    dsigma = -(dx_hat @ x_hat) / sigma
    dv = dsigma / (2 * sigma)
    dc = dx_hat / sigma + 2 / m * dv * (x - x.mean())
    dmu = -dc.sum()
    return dc + dmu / m, jacobian(x, x_hat) @ dx_hat, backward(dx_hat, x, x_hat)


@identity(x="n m", dx_hat="n m")
def no_gradient_for_a_shift(x, dx_hat):
    r"""$\sum_i dx_i = 0$: adding the same to a row changes nothing; ``(n,)``."""
    return backward(dx_hat, x, standardize(x)).sum(axis=-1), np.zeros(len(x))


@identity(x="m", dx_hat="m")
def hardly_any_for_a_scale(x, dx_hat):
    r"""$dx \cdot \hat x = (d\hat x \cdot \hat x)\, \epsilon / \sigma^3$, two scalars.

    Scaling a row changes nothing but for $\epsilon$: $\frac1m \hat x \cdot \hat x
    = 1 - \epsilon / \sigma^2$.
    """
    x_hat, sigma = standardize(x), deviation(x)[0]
    return backward(dx_hat, x, x_hat) @ x_hat, dx_hat @ x_hat * EPSILON / sigma**3
