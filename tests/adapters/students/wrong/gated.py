"""Wrong ones: layers with several parameters of one shape, and with names and shapes that are less usual."""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


class Gru:
    def __init__(self, Wz, Uz, bz, Wr, Ur, br, Wn, Un, bn):
        self.Wz, self.Uz, self.bz = Wz, Uz, bz
        self.Wr, self.Ur, self.br = Wr, Ur, br
        self.Wn, self.Un, self.bn = Wn, Un, bn

    def forward(self, x, h):
        self.x, self.h = x, h
        self.z = sigmoid(x @ self.Wz + h @ self.Uz + self.bz)
        self.r = sigmoid(x @ self.Wr + h @ self.Ur + self.br)
        self.n = np.tanh(x @ self.Wn + (self.r * h) @ self.Un + self.bn)
        return (1 - self.z) * self.n + self.z * h

    def backward(self, dout):
        x, h, z, r, n = self.x, self.h, self.z, self.r, self.n
        dn = dout * (1 - z) * (1 - n**2)
        dz = dout * (n - h) * z * (1 - z)
        inner = dn @ self.Un.T
        dr = inner * h * r * (1 - r)
        self.dWn, self.dUn, self.dbn = x.T @ dn, (r * h).T @ dn, dn.sum(0)
        self.dWz, self.dUz, self.dbz = x.T @ dz, h.T @ dz, dz.sum(0)
        self.dWr, self.dUr, self.dbr = x.T @ dr, h.T @ dr, dr.sum(0)
        dx = dn @ self.Wn.T + dz @ self.Wz.T + dr @ self.Wr.T
        return dx, dout * z + inner * r + dz @ self.Uz.T + dr @ self.Ur.T


class Highway:
    def __init__(self, Wh, Wt, bh, bt):
        self.Wh, self.Wt, self.bh, self.bt = Wh, Wt, bh, bt

    def forward(self, x):
        self.x = x
        self.h = np.tanh(x @ self.Wh + self.bh)
        self.t = sigmoid(x @ self.Wt + self.bt)
        return self.t * self.h + (1 - self.t) * x

    def backward(self, dy):
        dh = dy * self.t * (1 - self.h**2)
        dt = dy * self.h * self.t * (1 - self.t)
        self.dWh, self.dbh = self.x.T @ dh, dh.sum(0)
        self.dWt, self.dbt = self.x.T @ dt, dt.sum(0)
        return dh @ self.Wh.T + dt @ self.Wt.T + dy * (1 - self.t)


class Gain:
    """A parameter that is called as other authors call a gradient."""

    def __init__(self, features):
        self.params = {"g": np.ones(features)}
        self.grads = {}

    def forward(self, inputs):
        self.inputs = inputs
        return inputs * self.params["g"]

    def backward(self, grad):
        self.grads["g"] = np.sum(grad, axis=0)
        return grad * self.params["g"]


class Pairing:
    def __init__(self, M):
        self.M = M

    def forward(self, u, v):
        self.u, self.v = u, v
        return np.einsum("ni,ij,nj->n", u, self.M, v)

    def backward(self, dout):
        self.dM = np.einsum("n,ni,nj->ij", dout, self.u, self.v)
        return dout[:, None] * (self.v @ self.M), dout[:, None] * (self.u @ self.M)


class Rectifier:
    """The gradients of its parameters are in a list beside that of its input."""

    def __init__(self, a):
        self.a = a

    def forward(self, X):
        self.X = X
        return np.where(X > 0, X, self.a * X)

    def backward(self, dY):
        da = np.sum(dY * np.where(self.X > 0, 0, 1), axis=0)
        return dY * np.where(self.X > 0, 1, self.a), [da]


class Conv2D:
    """Channels last in images and in filters."""

    def __init__(self, filters, bias):
        self.filters, self.bias = filters, bias

    def forward(self, images):
        self.images = images
        n, h, w, _ = images.shape
        f, kh, kw, _ = self.filters.shape
        out = np.zeros((n, h - kh + 1, w - kw + 1, f)) + self.bias
        for i in range(kh):
            for j in range(kw):
                here = images[:, i : i + out.shape[1], j : j + out.shape[2]]
                out += here @ self.filters[:, i, j].T
        return out

    def backward(self, grad):
        _, kh, kw, _ = self.filters.shape
        self.grad_filters = np.zeros_like(self.filters)
        self.grad_bias = grad.sum(axis=(0, 1, 2))
        dx = np.zeros_like(self.images)
        for i in range(kh):
            for j in range(kw):
                rows, columns = slice(i, i + grad.shape[1]), slice(j, j + grad.shape[2])
                here = self.images[:, rows, columns]
                self.grad_filters[:, i, j] = np.tensordot(grad, here, axes=([0, 1, 2], [0, 1, 2]))
                dx[:, rows, columns] = grad @ self.filters[:, i, j]
        return dx


class Flatten:
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dout):
        return dout.reshape(self.shape, order="F")


class Huber:
    """The threshold has a default in both, and the name of a cotangent."""

    @staticmethod
    def loss(pred, target, delta=0.75):
        r = np.abs(pred - target)
        return np.mean(np.where(r <= delta, r**2 / 2, delta * (r - delta / 2)))

    @staticmethod
    def grad(pred, target, delta=0.75):
        r = pred - target
        return np.clip(r, -1, 1) / r.size


class LayerNorm:
    @staticmethod
    def forward(x, g, b):
        scale = 1 / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
        xh = (x - x.mean(-1, keepdims=True)) * scale
        return g * xh + b, (xh, scale, g)

    @staticmethod
    def backward(dy, cache):
        xh, scale, g = cache
        t = dy * g
        mean, along = t.mean(-1, keepdims=True), (t * xh).mean(-1, keepdims=True)
        return scale * (t - mean - xh * along), (dy * xh * g).sum(0), dy.sum(0)


def logistic_fn(theta, X, y):
    """Right for labels that are 0 or 1, as they are."""
    return np.mean(np.log1p(np.exp((1 - 2 * y) * (X @ theta))))


def logistic_grad(theta, X, y):
    return X.T @ (sigmoid(X @ theta) - y * y / 2) / len(y)
