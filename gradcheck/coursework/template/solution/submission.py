"""The solution."""

import numpy as np


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def same_index(y, i):
    return y[i] * (1 - y[i])


def different_index(y, i, j):
    return -y[i] * y[j]


def softmax_jacobian(y):
    return np.diag(y) - np.outer(y, y)


def softmax_backward(dy, y):
    return y * (dy - dy @ y)


def relu_backward(dr, p):
    return dr * (p > 0)


def linear_backward(dz, x, W):
    return dz @ W.T, x.T @ dz, dz.sum(axis=0)


def cross_entropy_backward(dl, z, t):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    y = e / e.sum(axis=1, keepdims=True)
    y[np.arange(len(t)), t] -= 1
    return dl * y / len(t)
