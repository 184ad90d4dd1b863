"""Running statistics that are handed in and out, parameters in the dict of a network."""

import numpy as np


def bn_forward(X, gamma, beta, cache, momentum=0.9, train=True):
    running_mean, running_var = cache
    if train:
        mu, var = X.mean(axis=0), X.var(axis=0)
        X_norm = (X - mu) / np.sqrt(var + 1e-5)
        cache = (X_norm, var, gamma)
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
    else:
        X_norm = (X - running_mean) / np.sqrt(running_var + 1e-5)
        cache = None
    return gamma * X_norm + beta, cache, running_mean, running_var


def bn_backward(dout, cache):
    X_norm, var, gamma = cache
    g = dout * gamma
    dX = (g - g.mean(axis=0) - X_norm * (g * X_norm).mean(axis=0)) / np.sqrt(var + 1e-5)
    return dX, (dout * X_norm).sum(axis=0), dout.sum(axis=0)


def batchnorm_forward(x, gamma, beta, running):
    moving_mean, moving_var = running
    mean, var = x.mean(0), x.var(0)
    moving_mean = 0.9 * moving_mean + 0.1 * mean
    moving_var = 0.9 * moving_var + 0.1 * var
    inv = 1 / np.sqrt(var + 1e-5)
    xhat = (x - mean) * inv
    return gamma * xhat + beta, (xhat, inv, gamma), (moving_mean, moving_var)


def batchnorm_backward(dout, cache):
    xhat, inv, gamma = cache
    g = dout * gamma
    return (
        inv * (g - g.mean(0) - xhat * (g * xhat).mean(0)),
        (dout * xhat).sum(0),
        dout.sum(0),
    )


def standardize_forward(x):
    mean, var = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    return (x - mean) / np.sqrt(var + 1e-5), (mean, var)


def standardize_backward(dout, x, cache):
    mean, var = cache
    inv = 1 / np.sqrt(var + 1e-5)
    xhat = (x - mean) * inv
    return inv * (dout - dout.mean(1, keepdims=True) - xhat * (dout * xhat).mean(1, keepdims=True))


class Affine:
    def __init__(self, params, grads, w_key, b_key):
        self.params, self.grads = params, grads
        self.w_key, self.b_key = w_key, b_key

    def forward(self, x):
        self.x = x
        return np.dot(x, self.params[self.w_key]) + self.params[self.b_key]

    def backward(self, dout):
        self.grads[self.w_key] = np.dot(self.x.T, dout)
        self.grads[self.b_key] = np.sum(dout, axis=0)
        return np.dot(dout, self.params[self.w_key].T)


class Linear:
    def __init__(self, name, params, grads):
        self.name = name
        self.params = params
        self.grads = grads

    def forward(self, x):
        self.x = x
        return x @ self.params[self.name + "_W"] + self.params[f"{self.name}_b"]

    def backward(self, dout):
        self.grads[self.name + "_W"] += self.x.T @ dout
        self.grads[self.name + "_b"] += dout.sum(0)
        return dout @ self.params[self.name + "_W"].T
