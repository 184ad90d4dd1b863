r"""The mean over an axis, and the mean with weights.

$$y_b = \frac1n \sum_a x_{ab}, \qquad dx_{ab} = \frac{dy_b}{n}; \qquad
z = \frac{\sum_a w_a x_a}{\sum_a w_a}, \qquad dw_a = dz \frac{x_a - z}{\sum_b w_b}$$

A weight pulls the mean towards its entry: its gradient is the distance from it. A mean of a loss
over the batch is where the factor $1 / n$ comes from that is so easily lost, or counted twice.

Casella and Berger, "Statistical inference", 2002.
"""

import numpy as np

from gradcheck import derivation, identity, options, real


@derivation(x="n d")
def mean(x):
    r"""``(n, d)`` gives ``(d,)``: the mean of each column."""
    return x.mean(axis=0)


@mean.partial
def entry(x, i, j):
    r"""$\partial y_b / \partial x_{ap} = [p = b] / n$, a scalar."""
    return (i[1] == j) / len(x)


@mean.vjp
def backward(dy, x):
    r"""Each row gets the same share, $dy / n$; shape ``(n, d)``."""
    return np.broadcast_to(dy / len(x), x.shape)


# Positive weights: where their sum is close to 0, the mean has no bound.
@options(output="z")
@derivation(x="k", w=real("k", low=0))
def weighted_mean(x, w):
    r"""``(k,)`` and positive weights ``(k,)`` give a scalar."""
    return (w * x).sum() / w.sum()


@weighted_mean.gradient("x")
def gradient_of_x(w):
    r"""$w_a / \sum w$, shape ``(k,)``: they sum to 1."""
    return w / w.sum()


@weighted_mean.gradient("w")
def gradient_of_w(x, w, z):
    r"""$(x_a - z) / \sum w$, shape ``(k,)``: quotient rule."""
    return (x - z) / w.sum()


@identity(x="k", w=real("k", low=0))
def scale_of_the_weights(x, w):
    r"""Only ratios of weights matter: $\langle \partial z / \partial w, w \rangle = 0$."""
    return gradient_of_w(x, w, weighted_mean(x, w)) @ w, 0.0


@identity(x="k")
def equal_weights(x):
    r"""With equal weights it is the mean; a scalar."""
    return weighted_mean(x, np.full(len(x), 3.0)), mean(x[:, np.newaxis])[0]
