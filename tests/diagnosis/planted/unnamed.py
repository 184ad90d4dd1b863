"""Mistakes that have no name in the catalogue."""

import numpy as np

from tests.diagnosis.planted.layers import (
    batch_norm,
    conv,
    cross_entropy,
    embedding,
    gelu,
    layer_norm,
    linear,
    max_pool,
    network,
    product,
    residual,
    ridge,
    sigmoid,
    softmax,
    softmax_of,
    softmax_rows,
    tanh,
)
from tests.diagnosis.planted.planting import unnamed


@unnamed(tanh)
def _(dy, y):
    return dy * (1 - y**2) * (1 + 0.01 * np.sin(np.arange(y.size).reshape(y.shape)))


@unnamed(sigmoid)
def _(dy, y):
    return dy * (y - y**3)


@unnamed(linear)
def _(dz, x, W, b):
    return dz @ W.T, np.sign(x).T @ dz, dz.sum(axis=0)


@unnamed(linear)
def _(dz, x, W, b):
    dW = x.T @ dz
    dW[0, 0] *= 1.001
    return dz @ W.T, dW, dz.sum(axis=0)


@unnamed(softmax)
def _(dy, y):
    return y * (dy - dy @ np.sqrt(y))


@unnamed(softmax_rows)
def _(dy, y):
    return y * (dy - np.sort(dy * y, axis=1).cumsum(axis=1))


@unnamed(layer_norm)
def _(dy, x, y):
    std = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    return (np.tanh(dy) - y * (dy * y).mean(axis=1, keepdims=True)) / std


@unnamed(network)
def _(dy, x, W1, W2):
    h = x @ W1
    dh = dy @ W2.T * (h > 0.1)
    return dh @ W1.T, x.T @ dh, np.maximum(h, 0).T @ dy


@unnamed(network)
def _(dy, x, W1, W2):
    h = x @ W1
    dh = dy @ W2.T * (1 - np.tanh(h) ** 2)
    return dh @ W1.T, x.T @ dh, np.maximum(h, 0).T @ dy


@unnamed(cross_entropy, "z")
def _(dl, z, labels):
    p = softmax_of(z) ** 1.1
    return dl * (p - np.eye(z.shape[1])[labels]) / len(z)


@unnamed(ridge)
def _(dl, x, W, t):
    r = np.sign(x @ W - t)
    return dl * r @ W.T, dl * x.T @ r + dl * 0.1 * W


@unnamed(conv)
def _(dy, x, k):
    dk = np.array([x[i : i + len(dy)] @ dy for i in range(len(k))])
    dx = np.zeros_like(x)
    for i, g in enumerate(dy):
        dx[i : i + len(k)] += g * np.abs(k) * np.linspace(1, 1.3, len(k))
    return dx, dk


@unnamed(max_pool)
def _(dy, x):
    dx = np.zeros_like(x)
    for i in range(len(dy)):
        dx[i : i + 3] += dy[i] * softmax_of(x[i : i + 3])
    return dx


@unnamed(embedding)
def _(dy, W, ids):
    dW = np.zeros_like(W)
    for place, k in enumerate(ids):
        dW[k] += dy[place] * 0.9**place
    return dW


@unnamed(gelu)
def _(dy, x):
    return dy * (0.5 + 0.398 * x)


@unnamed(batch_norm)
def _(dy, x, gamma, beta):
    c = x - x.mean(axis=0)
    hat = c / np.sqrt((c**2).mean(axis=0) + 1e-5)
    dx = dy * gamma - hat**2
    return dx, (dy * hat).sum(axis=0), dy.sum(axis=0)


@unnamed(product)
def _(dy, a, b):
    return dy * np.cos(b), dy * a


@unnamed(residual)
def _(dy, x, W):
    h = dy * (1 - np.tanh(x @ W) ** 2)
    return dy + h @ W.T @ W, x.T @ h
