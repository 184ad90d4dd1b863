r"""Layer normalization: every row over its features.

$$y_{aj} = \gamma_j \hat x_{aj} + \beta_j, \quad
\hat x_{aj} = \frac{x_{aj} - \mu_a}{\sqrt{v_a + \epsilon}}, \quad
\mu_a = \frac1m \sum_j x_{aj}, \quad v_a = \frac1m \sum_j (x_{aj} - \mu_a)^2$$
$$dx_a = \frac{1}{\sqrt{v_a + \epsilon}} \Big( g_a - \overline{g_a}
- \hat x_a\, \overline{g_a \odot \hat x_a} \Big), \quad g = \gamma \odot dy, \qquad
d\gamma = \sum_a dy_a \odot \hat x_a, \quad d\beta = \sum_a dy_a$$

``x`` and ``y`` are ``(n, m)``, ``gamma`` and ``beta`` ``(m,)``; the bar is the mean over the
features, $\epsilon$ is 1e-5. Ba, Kiros and Hinton, "Layer normalization", 2016. Statistics are
taken over the features, gradients of the parameters over the rows.
"""

import numpy as np

from derivations.normalization.standardize import EPSILON, standardize
from derivations.normalization.standardize import backward as standardize_backward
from gradcheck import derivation, identity, options


@derivation(x="n m", gamma="m", beta="m")
def layer_norm(x, gamma, beta):
    r"""$\gamma \hat x + \beta$, shape ``(n, m)``."""
    centred = x - x.mean(axis=1, keepdims=True)
    sigma = np.sqrt((centred * centred).mean(axis=1, keepdims=True) + EPSILON)
    return gamma * centred / sigma + beta


@layer_norm.vjp
def backward(dy, x, gamma):
    r"""$dx$ ``(n, m)``, $d\gamma$ and $d\beta$ ``(m,)``."""
    x_hat = standardize(x)
    dx = standardize_backward(dy * gamma, x, x_hat)
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)


@layer_norm.jvp
def forward_mode(dx, dgamma, dbeta, x, gamma):
    r"""$\dot y = \gamma \dot{\hat x} + \dot \gamma \hat x + \dot \beta$, shape ``(n, m)``.

    $\dot{\hat x}$ by the rule for $dx$: the matrix of standardizing is symmetric.
    """
    x_hat = standardize(x)
    return gamma * standardize_backward(dx, x, x_hat) + dgamma * x_hat + dbeta


@options(sizes={"m": (2, 8)})
@identity(x="n m", gamma="m", beta="m", dy="n m")
def projection(x, gamma, beta, dy):
    r"""$dx$ is orthogonal to the ones and, up to $\epsilon$, to $\hat x$; ``(2, n)``."""
    x_hat = standardize(x)
    dx, _, _ = backward(dy, x, gamma)
    variance = x.var(axis=1) + EPSILON
    kept = (dy * gamma * x_hat).sum(axis=1) * EPSILON / variance**1.5
    return np.stack([dx.sum(axis=1), (dx * x_hat).sum(axis=1)]), np.stack([0 * kept, kept])
