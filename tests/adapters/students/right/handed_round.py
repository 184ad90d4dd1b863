# What people hand around: layers made by functions, parameters as objects, losses of each sample.
import numpy as np


def dense(W, b):
    def forward(x):
        def backward(dy):
            return dy @ W.T, x.T @ dy, dy.sum(axis=0)

        return x @ W + b, backward

    return forward


def scaled(g):
    held = {}

    def forward(x):
        held["x"] = x
        return x * g

    def backward(dy):
        return dy * g, (dy * held["x"]).sum(axis=0)

    return forward, backward


class Param:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)

    def zero_grad(self):
        self.grad = np.zeros_like(self.value)


class DenseLayer:
    def __init__(self, n_input, n_output):
        self.W = Param(np.random.randn(n_input, n_output))

    def forward(self, X):
        self.X = X
        return X @ self.W.value

    def backward(self, d_out):
        self.W.grad += self.X.T @ d_out
        return d_out @ self.W.value.T


def hinge_loss(scores, y):
    rows = np.arange(len(y))
    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1)
    margins[rows, y] = 0
    return margins.sum(axis=1)


def hinge_loss_grad(scores, y):
    rows = np.arange(len(y))
    g = (scores - scores[rows, y][:, None] + 1 > 0).astype(float)
    g[rows, y] = 0
    g[rows, y] = -g.sum(axis=1)
    return g


class Product:
    @staticmethod
    def forward(ctx, t1, t2):
        ctx.save_for_backward(t1, t2)
        return t1 @ t2

    @staticmethod
    def backward(ctx, grad_output):
        t1, t2 = ctx.saved_values
        return grad_output @ np.swapaxes(t2, -1, -2), np.swapaxes(t1, -1, -2) @ grad_output


def heads_forward(x, p, n_heads):
    B, T, D = x.shape
    v = (x @ p["Wv"]).reshape(B, T, n_heads, D // n_heads)
    m = np.broadcast_to(v.mean(axis=1, keepdims=True), v.shape).reshape(B, T, D)
    return m @ p["Wo"], (x, p, m)


def heads_backward(dout, cache):
    x, p, m = cache
    dm = dout @ p["Wo"].T
    dv = np.broadcast_to(dm.mean(axis=1, keepdims=True), dm.shape)
    g = {"Wo": np.einsum("btd,bte->de", m, dout), "Wv": np.einsum("btd,bte->de", x, dv)}
    return dv @ p["Wv"].T, g


class WeightedSum:
    def forward(self, hs, a):
        N, T, H = hs.shape
        self.hs, self.a = hs, a.reshape(N, T, 1)
        return np.sum(hs * self.a, axis=1)

    def backward(self, dc):
        dt = dc[:, None, :]
        return dt * self.a, np.sum(dt * self.hs, axis=2)


class Net:
    def __init__(self, sizes, data):
        self.sizes, self.data = sizes, data

    def sigmoid(self, x):
        return 1 / (1 + np.exp(-x))

    def sigmoid_derivada(self, x):
        return self.sigmoid(x) * (1 - self.sigmoid(x))

    @staticmethod
    def softsign(x):
        return x / (1 + np.abs(x))

    @staticmethod
    def softsign_derivative(x):
        return 1 / (1 + np.abs(x)) ** 2


class Logistic:
    def loss(self, w, X, y):
        return np.sum(np.log1p(np.exp(-y * (X @ w))))

    def grad(self, w, X, y):
        return -X.T @ (y / (1 + np.exp(y * (X @ w))))


def word_loss(centerVec, outsideIdx, outsideVectors, dataset):
    scores = outsideVectors @ centerVec
    p = np.exp(scores) / np.sum(np.exp(scores))
    loss = -np.log(p[outsideIdx])
    delta = p.copy()
    delta[outsideIdx] -= 1
    gradCenterVec = outsideVectors.T @ delta
    gradOutsideVectors = np.outer(delta, centerVec)
    return loss, gradCenterVec, gradOutsideVectors


class Elman:
    def __init__(self, n_in, n_hidden):
        self.U, self.W = np.random.randn(n_hidden, n_in), np.random.randn(n_hidden, n_hidden)

    def forward(self, x):
        self.x, self.s = x, [np.zeros(len(self.W))]
        for one in x:
            self.s.append(np.tanh(self.U @ one + self.W @ self.s[-1]))
        return np.array(self.s[1:])

    def bptt(self, ds):
        self.dU, self.dW = np.zeros_like(self.U), np.zeros_like(self.W)
        dx, carry = np.zeros_like(self.x), 0
        for t in reversed(range(len(ds))):
            delta = (ds[t] + carry) * (1 - self.s[t + 1] ** 2)
            self.dU += np.outer(delta, self.x[t])
            self.dW += np.outer(delta, self.s[t])
            dx[t], carry = self.U.T @ delta, self.W.T @ delta
        return dx
