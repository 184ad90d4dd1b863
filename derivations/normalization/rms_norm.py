r"""Root-mean-square normalization: layer normalization without the mean.

$$y_{aj} = \gamma_j \hat x_{aj}, \quad \hat x_a = \frac{x_a}{r_a}, \quad
r_a = \sqrt{\frac1m \sum_j x_{aj}^2 + \epsilon}, \qquad
\frac{\partial \hat x_j}{\partial x_i} = \frac{1}{r} \Big( \delta_{ij}
- \frac{\hat x_i \hat x_j}{m} \Big)$$
$$dx_a = \frac{1}{r_a} \Big( g_a - \hat x_a\, \overline{g_a \odot \hat x_a} \Big), \quad
g = \gamma \odot dy, \qquad d\gamma = \sum_a dy_a \odot \hat x_a$$

``x`` and ``y`` are ``(n, m)``, ``gamma`` is ``(m,)``; the bar is the mean over the features,
$\epsilon$ is 1e-5. Zhang and Sennrich, "Root mean square layer normalization", 2019. Of the three
paths of ``standardize.py`` that through the mean is gone, and with it one of the three terms.
"""

import numpy as np

from gradcheck import derivation, identity, options

EPSILON = 1e-5


def root_mean_square(x):
    r"""$r$, along the last axis, which stays."""
    return np.sqrt((x * x).mean(axis=-1, keepdims=True) + EPSILON)


@derivation(x="n m", gamma="m")
def rms_norm(x, gamma):
    r"""$\gamma x / r$, shape ``(n, m)``."""
    return gamma * x / root_mean_square(x)


@rms_norm.vjp
def backward(dy, x, gamma):
    r"""$dx$ ``(n, m)`` and $d\gamma$ ``(m,)``."""
    r = root_mean_square(x)
    x_hat, g = x / r, dy * gamma
    dx = (g - x_hat * (g * x_hat).mean(axis=-1, keepdims=True)) / r
    return dx, (dy * x_hat).sum(axis=0)


@options(output="x_hat")
@derivation(x="m")
def one_row(x):
    r"""$x / r$ of one row ``(m,)``, for its matrix."""
    return x / root_mean_square(x)


@one_row.row
def row(x, x_hat, j):
    r"""$\partial \hat x_j / \partial x = (e_j - \hat x_j \hat x / m) / r$, shape ``(m,)``."""
    return (np.eye(len(x))[j] - x_hat[j] * x_hat / len(x)) / root_mean_square(x)


@identity(x="n m", gamma="m", dy="n m")
def hardly_any_for_a_scale(x, gamma, dy):
    r"""$dx_a \cdot x_a = (g_a \cdot \hat x_a)\, \epsilon / r_a^2$, nearly 0; ``(n,)``."""
    dx, _ = backward(dy, x, gamma)
    r = root_mean_square(x)
    return (dx * x).sum(axis=1), (dy * gamma * x / r).sum(axis=1) * EPSILON / r[:, 0] ** 2


@identity(x="n m", gamma="m", dy="n m")
def gain_by_euler(x, gamma, dy):
    r"""$y$ is linear in $\gamma$, so $d\gamma \cdot \gamma = \langle dy, y \rangle$; scalars."""
    return backward(dy, x, gamma)[1] @ gamma, (dy * rms_norm(x, gamma)).sum()
