# Some of the layers that people hand around, with one mistake each.
import numpy as np


def dense(W, b):
    def forward(x):
        def backward(dy):
            return dy @ W.T, x.T @ dy, dy.mean(axis=0)

        return x @ W + b, backward

    return forward


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
        self.W.grad += 2 * self.X.T @ d_out
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
    g[rows, y] = -1
    return g


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
        return 1 / (1 + np.abs(x))


def word_loss(centerVec, outsideIdx, outsideVectors, dataset):
    scores = outsideVectors @ centerVec
    p = np.exp(scores) / np.sum(np.exp(scores))
    loss = -np.log(p[outsideIdx])
    delta = p.copy()
    delta[outsideIdx] -= 1
    gradCenterVec = outsideVectors.T @ delta
    gradOutsideVectors = np.outer(p, centerVec)
    return loss, gradCenterVec, gradOutsideVectors


def bilinear_forward(x, y, W, b):
    return np.einsum("ni,kij,nj->nk", x, W, y) + b, (x, y, W)


def bilinear_backward(dout, cache):
    x, y, W = cache
    dx = np.einsum("nk,kij,nj->ni", dout, W, y)
    dy = np.einsum("nk,kji,ni->nj", dout, W, x)
    return dx, dy, np.einsum("nk,ni,nj->kij", dout, x, y), dout.sum(axis=0)


class RNNCell:
    def __init__(self, n_in, n_hid):
        self.Wx, self.Wh = np.random.randn(n_in, n_hid), np.random.randn(n_hid, n_hid)
        self.dWx, self.dWh = np.zeros_like(self.Wx), np.zeros_like(self.Wh)

    def forward(self, x, h_prev):
        self.x, self.h_prev = x, h_prev
        self.h = np.tanh(x @ self.Wx + h_prev @ self.Wh)
        return self.h

    def backward(self, dh):
        da = dh * (1 - self.h**2)
        self.dWx += self.x.T @ da
        self.dWh = self.h_prev.T @ da
        return da @ self.Wx.T, da @ self.Wh.T
