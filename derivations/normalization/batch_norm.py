r"""Batch normalization in training: every feature over the rows of the batch.

$$y_{ac} = \gamma_c \hat x_{ac} + \beta_c, \quad
\hat x_{ac} = \frac{x_{ac} - \mu_c}{\sqrt{v_c + \epsilon}}, \quad
\mu_c = \frac1N \sum_a x_{ac}, \quad v_c = \frac1N \sum_a (x_{ac} - \mu_c)^2$$
$$d\gamma_c = \sum_a dy_{ac} \hat x_{ac}, \quad d\beta_c = \sum_a dy_{ac}, \quad
dx_{ac} = \frac{\gamma_c}{N \sqrt{v_c + \epsilon}} \big( N dy_{ac} - d\beta_c
- \hat x_{ac}\, d\gamma_c \big)$$

``x`` and ``y`` are ``(n, c)``, ``gamma`` and ``beta`` ``(c,)``; $\epsilon$ is 1e-5. Ioffe and
Szegedy, "Batch normalization", 2015; its six lines of backward equations are ``paper``.
"""

import numpy as np

from derivations.linear import dl_db
from derivations.normalization.standardize import EPSILON, standardize
from derivations.normalization.standardize import backward as standardize_backward
from gradcheck import derivation, identity


@derivation(x="n c", gamma="c", beta="c")
def batch_norm(x, gamma, beta):
    r"""$\gamma \hat x + \beta$, shape ``(n, c)``."""
    x_hat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + EPSILON)
    return gamma * x_hat + beta


@batch_norm.vjp
def backward(dy, x, gamma, beta):
    r"""$dx$ ``(n, c)``, $d\gamma$ and $d\beta$ ``(c,)``, by the short form above."""
    n = len(x)
    scale = 1 / np.sqrt(x.var(axis=0) + EPSILON)
    x_hat = (x - x.mean(axis=0)) * scale
    dgamma, dbeta = (dy * x_hat).sum(axis=0), dy.sum(axis=0)
    return gamma * scale / n * (n * dy - dbeta - x_hat * dgamma), dgamma, dbeta


@batch_norm.jvp
def forward_mode(dx, dgamma, dbeta, x, gamma, beta):
    r"""$\dot y$ by the steps $\dot c = \dot x - \dot \mu$, $\dot v$, $\dot{\hat x}$; ``(n, c)``."""
    c, dc = x - x.mean(axis=0), dx - dx.mean(axis=0)
    sigma = np.sqrt(x.var(axis=0) + EPSILON)
    dv = 2 * (c * dc).mean(axis=0)
    dx_hat = dc / sigma - c * dv / (2 * sigma**3)
    return gamma * dx_hat + dgamma * c / sigma + dbeta


def paper(dy, x, gamma):
    r"""$dx$ by the equations of the paper, which keep $d\sigma^2$ and $d\mu$ apart; ``(n, c)``."""
    n = len(x)
    mu, sigma = x.mean(axis=0), np.sqrt(x.var(axis=0) + EPSILON)
    dx_hat = dy * gamma
    dv = (dx_hat * (x - mu)).sum(axis=0) * -(sigma**-3) / 2
    dmu = -(dx_hat / sigma).sum(axis=0) + dv * (-2 * (x - mu)).sum(axis=0) / n
    return dx_hat / sigma + dv * 2 * (x - mu) / n + dmu / n


@identity(x="n c", gamma="c", beta="c", dy="n c")
def short_form(x, gamma, beta, dy):
    r"""The paper's equations, the short form, and the rule for columns as rows; ``(n, c)``."""
    columns = standardize_backward((dy * gamma).T, x.T, standardize(x.T))
    return paper(dy, x, gamma), backward(dy, x, gamma, beta)[0], columns.T


@identity(x="n c", gamma="c", beta="c", dy="n c")
def columns_sum_to_zero(x, gamma, beta, dy):
    r"""$\sum_a dx_{ac} = 0$: a bias before batch normalization learns nothing; ``(c,)``."""
    return dl_db(backward(dy, x, gamma, beta)[0]), np.zeros_like(beta)
