"""Some layers of the other folder, each with one mistake."""

import numpy as np


def sage_forward(h, adj, W_self, W_neigh):
    agg = adj.dot(h)
    return np.tanh(h.dot(W_self) + agg.dot(W_neigh)), (h, adj, W_self, W_neigh, agg)


def sage_backward(dout, cache):
    h, adj, W_self, W_neigh, agg = cache
    dz = dout * (1 - np.tanh(h.dot(W_self) + agg.dot(W_neigh)) ** 2)
    dagg = dz.dot(W_neigh.T)
    return dz.dot(W_self.T) + adj.dot(dagg), dagg.dot(h.T), h.T.dot(dz), agg.T.dot(dz)


def simplex_map(z):
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


def simplex_map_backward(dp, p):
    return p * (1 - p) * dp


class Sloped:
    def __init__(self, n_in, n_out, slope=0.5):
        self.weights = np.random.randn(n_in, n_out)
        self.slope = np.array(slope)

    def forward(self, x):
        self.x = x
        return self.slope * (x @ self.weights)

    def backward(self, g):
        self.dW = self.slope * self.x.T @ g
        self.dslope = -np.sum(g * (self.x @ self.weights))
        return self.slope * g @ self.weights.T


class Decayed:
    def __init__(self, n_in, n_out, reg=0.25):
        self.W = np.random.randn(n_in, n_out)
        self.reg = reg

    def forward(self, x):
        self.x = x
        return x @ self.W

    def penalty(self):
        return 0.5 * self.reg * np.sum(self.W**2)

    def backward(self, dout):
        self.dW = self.x.T @ dout + 2 * self.reg * self.W
        return dout @ self.W.T


class Value:
    def __init__(self, data, _children=()):
        self.data = data
        self.grad = 0
        self._backward = lambda: None
        self._prev = set(_children)

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad = self.data * out.grad

        out._backward = _backward
        return out

    def backward(self):
        self.grad = 1
        for v in [self, *self._prev]:
            v._backward()


def ridge_obj(x, y, th, th0, lam):
    return np.mean((y - th.T @ x - th0) ** 2) + lam * np.sum(th * th)


def d_ridge_obj_th(x, y, th, th0, lam):
    return np.mean(-2 * (y - th.T @ x - th0) * x, axis=1, keepdims=True) + lam * th


def d_ridge_obj_th0(x, y, th, th0, lam):
    return np.mean(-2 * (y - th.T @ x - th0), axis=1, keepdims=True)


class PairLoss:
    def __call__(self, x1, x2):
        self.diff = x1 - x2
        return np.sum(self.diff**2)

    def gradient(self):
        return 2 * self.diff, 2 * self.diff


def reparam(mu, log_sigma, noise):
    sigma = np.exp(log_sigma)
    return mu + sigma * noise, (sigma, noise)


def reparam_back(dz, cache):
    sigma, noise = cache
    return dz, dz * noise
