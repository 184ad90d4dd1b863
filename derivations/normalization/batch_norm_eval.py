r"""Batch normalization in use: with statistics that were collected in training.

$$y_{ac} = \gamma_c \hat x_{ac} + \beta_c, \quad
\hat x_{ac} = \frac{x_{ac} - m_c}{\sqrt{v_c + \epsilon}}, \qquad
dx_{ac} = \frac{\gamma_c\, dy_{ac}}{\sqrt{v_c + \epsilon}}, \quad
d\gamma_c = \sum_a dy_{ac} \hat x_{ac}, \quad d\beta_c = \sum_a dy_{ac}$$

``x`` and ``y`` are ``(n, c)``, all else ``(c,)``; the running mean $m$ and variance $v > 0$ are
constants, and $\epsilon$ is 1e-5. A row no longer depends on the others: what is a wrong rule in
training, to treat the statistics as constants, is the right one here.

Ioffe and Szegedy, "Batch normalization", 2015.
"""

import numpy as np

from derivations.normalization.standardize import EPSILON
from gradcheck import derivation, identity, real

MEAN = real("c", differentiate=False)
VARIANCE = real("c", low=0, differentiate=False)


@derivation(x="n c", gamma="c", beta="c", mean=MEAN, variance=VARIANCE)
def batch_norm_eval(x, gamma, beta, mean, variance):
    r"""$\gamma (x - m) / \sqrt{v + \epsilon} + \beta$, shape ``(n, c)``."""
    return gamma * (x - mean) / np.sqrt(variance + EPSILON) + beta


@batch_norm_eval.vjp
def backward(dy, x, gamma, mean, variance):
    r"""$dx$ ``(n, c)``, $d\gamma$ and $d\beta$ ``(c,)``; nothing for the statistics."""
    scale = 1 / np.sqrt(variance + EPSILON)
    dgamma = (dy * (x - mean) * scale).sum(axis=0)
    return dy * gamma * scale, dgamma, dy.sum(axis=0), None, None


@identity(x="n c", gamma="c", beta="c", mean=MEAN, variance=VARIANCE)
def folded_into_a_linear_layer(x, gamma, beta, mean, variance):
    r"""It is a scale and a bias, fixed beforehand: how it is folded into a layer; ``(n, c)``."""
    scale = gamma / np.sqrt(variance + EPSILON)
    folded = x * scale + (beta - mean * scale)
    return batch_norm_eval(x, gamma, beta, mean, variance), folded
