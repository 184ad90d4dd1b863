"""Weight normalization: w = g v / |v|, in attributes, in dicts, and with one gain for all."""

import numpy as np


class WeightNormLinear:
    """y = x W^T + b with W = g * v / ||v||, row by row (Salimans & Kingma)."""

    def __init__(self, in_features, out_features):
        self.v = np.random.randn(out_features, in_features) * 0.05
        self.g = np.ones(out_features)
        self.b = np.zeros(out_features)

    def forward(self, x):
        self.x = x
        self.norm = np.linalg.norm(self.v, axis=1, keepdims=True)
        self.W = self.g[:, None] * self.v / self.norm
        return x @ self.W.T + self.b

    def backward(self, dout):
        dW = dout.T @ self.x
        self.db = dout.sum(axis=0)
        vhat = self.v / self.norm
        self.dg = np.sum(dW * vhat, axis=1)
        self.dv = self.g[:, None] / self.norm * (dW - self.dg[:, None] * vhat)
        return dout @ self.W


class WeightNormDense:
    def __init__(self, v, g, b):
        self.params = {"v": v, "g": g, "b": b}
        self.grads = {}

    def forward(self, x):
        v, g, b = self.params["v"], self.params["g"], self.params["b"]
        n = np.sqrt((v ** 2).sum(axis=0, keepdims=True))
        W = g * v / n
        self.cache = (x, n, W)
        return x.dot(W) + b

    def backward(self, dy):
        x, n, W = self.cache
        v, g = self.params["v"], self.params["g"]
        dW = x.T.dot(dy)
        dg = (dW * v / n).sum(axis=0)
        self.grads["g"] = dg
        self.grads["v"] = g / n * dW - g * dg / n ** 2 * v
        self.grads["b"] = dy.sum(axis=0)
        return dy.dot(W.T)


class OneGain:
    def __init__(self, v, g):
        self.v = v
        self.g = g
        self.dv = None
        self.dg = None

    def forward(self, x):
        self.x = x
        self.n = np.sqrt(np.sum(self.v ** 2))
        return self.g * x @ self.v / self.n

    def backward(self, dout):
        dw = self.x.T @ dout
        self.dg = np.sum(dw * self.v) / self.n
        self.dv = self.g / self.n * dw - self.g * self.dg / self.n ** 2 * self.v
        return self.g / self.n * dout @ self.v.T
