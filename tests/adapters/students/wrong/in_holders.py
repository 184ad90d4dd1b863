"""Names in Chinese, parameters that are objects or fields, several outputs, one sample."""

from collections import namedtuple

import numpy as np

Params = namedtuple("Params", "W b")


class 全连接层:
    def __init__(self, 输入维度, 输出维度):
        self.权重 = np.random.randn(输入维度, 输出维度) * 0.01
        self.偏置 = np.zeros(输出维度)

    def 前向传播(self, 输入):
        self.输入 = 输入
        return np.dot(输入, self.权重) + self.偏置

    def 反向传播(self, 输出梯度):
        self.权重梯度 = np.dot(self.输入.T, 输出梯度)
        self.偏置梯度 = np.sum(输出梯度, axis=0) / 2
        return np.dot(输出梯度, self.权重.T)


class 均方误差:
    def forward(self, 预测, 标签):
        self.差 = 预测 - 标签
        return np.mean(self.差**2)

    def backward(self):
        return 2 * self.差**3 / self.差.size


class Weight:
    def __init__(self, x):
        self.x = x
        self.dx = np.zeros_like(x)

    def zero(self):
        self.dx.fill(0)


class PReLU:
    def __init__(self, channels):
        self.a = Weight(np.full(channels, 0.25))

    def forward(self, inp):
        self.inp = inp
        return np.maximum(inp, 0) + self.a.x * np.minimum(inp, 0)

    def backward(self, gout):
        self.a.dx += (gout * (self.inp < 0)).sum(axis=0)
        return gout * np.where(self.inp > 0, 1, self.a.x)


def project_forward(params, x):
    return x @ params.W + params.b, (x, params)


def project_backward(dout, cache):
    x, p = cache
    return Params(W=x.T @ dout, b=dout[0]), dout @ p.W.T


def split_heads_forward(x, W):
    q, k, v = np.split(x @ W, 3, axis=-1)
    return (q, k, v), (x, W)


def split_heads_backward(dout, cache):
    x, W = cache
    d = np.concatenate(dout, axis=-1)
    return d @ W.T, x.T @ d * (d > 0).mean()


class CrossEntropy:
    def forward(self, p, y):
        self.p, self.y = p, y
        return -np.log(p[y])

    def backward(self):
        g = np.zeros_like(self.p)
        g[self.y] = 1 / self.p[self.y]
        return g


def multiply(a, b):
    return a * b, (lambda g: g * a, lambda g: g * b)


def cosine(u, v):
    nu = np.sqrt((u * u).sum(axis=1, keepdims=True))
    nv = np.sqrt((v * v).sum(axis=1, keepdims=True))
    c = (u * v).sum(axis=1, keepdims=True) / (nu * nv)

    def grad_u(g):
        return g[:, None] * (v / (nu * nv) - c * u / nu**2)

    def grad_v(g):
        return g[:, None] * (u / (nu * nv) - c * v / nv)

    return c[:, 0], (grad_u, grad_v)


class LSTM:
    """One matrix, of which the first row is the bias."""

    @staticmethod
    def forward(X, WLSTM):
        n, b, size = X.shape
        d = WLSTM.shape[1] // 4
        Hin, H = np.zeros((n, b, len(WLSTM))), np.zeros((n, b, d))
        F, C = np.zeros((n, b, 4 * d)), np.zeros((n, b, d))
        for t in range(n):
            Hin[t, :, 0] = 1
            Hin[t, :, 1 : size + 1] = X[t]
            Hin[t, :, size + 1 :] = H[t - 1] if t > 0 else 0
            Z = Hin[t] @ WLSTM
            F[t, :, : 3 * d] = 1 / (1 + np.exp(-Z[:, : 3 * d]))
            F[t, :, 3 * d :] = np.tanh(Z[:, 3 * d :])
            C[t] = F[t, :, :d] * F[t, :, 3 * d :]
            if t > 0:
                C[t] += F[t, :, d : 2 * d] * C[t - 1]
            H[t] = F[t, :, 2 * d : 3 * d] * np.tanh(C[t])
        return H, (X, WLSTM, Hin, F, C)

    @staticmethod
    def backward(dH, cache):
        X, WLSTM, Hin, F, C = cache
        n, b, size = X.shape
        d = WLSTM.shape[1] // 4
        dX, dW = np.zeros_like(X), np.zeros_like(WLSTM)
        dh, dc = np.zeros((b, d)), np.zeros((b, d))
        for t in reversed(range(n)):
            dh = dh + dH[t]
            i, f, o, g = np.split(F[t], 4, axis=1)
            tanhc = np.tanh(C[t])
            dc = dc + dh * o * (1 - tanhc**2)
            before = C[t - 1] if t > 0 else np.zeros((b, d))
            dF = np.hstack([dc * g, dc * before, dh * tanhc, dc * i])
            slope = np.hstack([i * (1 - i), f * (1 - f), o * (1 - o), 1 - g**2])
            dZ = dF * slope
            dW += Hin[t].T @ dZ
            dHin = dZ @ WLSTM.T
            dX[t] = dHin[:, 1 : size + 1]
            dh, dc = dHin[:, size + 1 :], dc
        return dX, dW


def pool2d(X, pool_size):
    p_h, p_w = pool_size
    Y = np.zeros((X.shape[0] - p_h + 1, X.shape[1] - p_w + 1))
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            Y[i, j] = X[i : i + p_h, j : j + p_w].mean()
    return Y


def pool2d_backward(dY, X, pool_size):
    p_h, p_w = pool_size
    dX = np.zeros_like(X)
    for i in range(dY.shape[0]):
        for j in range(dY.shape[1]):
            dX[i : i + p_h, j : j + p_w] = dY[i, j] / (p_h * p_w)
    return dX


class Param:
    def __init__(self, value):
        self.v = value
        self.d = np.zeros_like(value)


class Gain:
    """Its gradients are emptied by whoever takes steps."""

    def __init__(self, channels):
        self.g = Param(np.ones(channels))

    def forward(self, x):
        self.x = x
        return self.g.v * x

    def backward(self, dy):
        self.g.d += dy.sum(axis=0)
        return dy * self.g.v
