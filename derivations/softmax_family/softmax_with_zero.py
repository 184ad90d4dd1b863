r"""Softmax with a further score that is always 0, so that all outputs may be small.

$$y_j = \frac{e^{z_j}}{1 + \sum_n e^{z_n}}, \qquad
\frac{\partial y_j}{\partial z_i} = y_i (\delta_{ij} - y_j)$$

``z`` and ``y`` are ``(k,)``. The formula of the Jacobian is that of softmax, but its rows do not
sum to 0: $\sum_j y_j < 1$, and the shift invariance is gone. For one score it is the sigmoid.
Miller, "Attention is off by one", 2023; the multinomial logit with a reference class, long before.
"""

import numpy as np

from derivations.activations.sigmoid import sigmoid
from derivations.softmax import softmax
from gradcheck import derivation, identity


@derivation(z="k")
def softmax_with_zero(z):
    r"""$e^{z_j - m} / (e^{-m} + \sum_n e^{z_n - m})$, $m = \max(0, \max z)$; shape ``(k,)``."""
    largest = np.maximum(z.max(), 0.0)
    e = np.exp(z - largest)
    return e / (np.exp(-largest) + e.sum())


@softmax_with_zero.vjp
def backward(dy, y):
    r"""$dz = y \odot (dy - dy \cdot y)$, shape ``(k,)``."""
    return y * (dy - dy @ y)


@softmax_with_zero.row
def row(y, j):
    r"""$\partial y_j / \partial z = y_j (e_j - y)$, shape ``(k,)``."""
    return y[j] * (np.eye(len(y))[j] - y)


@identity(z="k")
def one_more_score(z):
    r"""It is softmax of $[z, 0]$ without its last output; ``(k,)``."""
    return softmax_with_zero(z), softmax(np.append(z, 0.0))[:-1]


@identity(x="")
def sigmoid_for_one_score(x):
    r"""$e^x / (1 + e^x) = \sigma(x)$, a scalar."""
    return softmax_with_zero(np.array([x]))[0], sigmoid(x)


@identity(z="k", dy="k")
def what_a_shift_changes(z, dy):
    r"""$\sum_i dz_i = (dy \cdot y) (1 - \sum_j y_j)$, which is 0 for softmax; scalars."""
    y = softmax_with_zero(z)
    return backward(dy, y).sum(), dy @ y * (1 - y.sum())
