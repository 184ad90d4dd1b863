# What people hand around: layers made by functions, parameters as objects, losses of each sample.
import math

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


class Recurrent:
    def __init__(self, n_in, n_hid):
        r = np.random.RandomState(1)
        self.P = dict(W=r.randn(n_hid, n_in), U=r.randn(n_hid, n_hid), b=r.randn(n_hid))

    def forward(self, xs):
        P, self.xs, self.hs = self.P, xs, [np.zeros(len(self.P["b"]))]
        for x in xs:
            self.hs.append(np.tanh(P["W"] @ x + P["U"] @ self.hs[-1] + P["b"]))
        return np.array(self.hs[1:])

    def backward(self, dhs):
        self.G = {k: np.zeros_like(v) for k, v in self.P.items()}
        dxs, carry = np.zeros_like(self.xs), 0
        for t in range(len(dhs) - 1, -1, -1):
            dz = (dhs[t] + carry) * (1 - self.hs[t + 1] ** 2)
            self.G["W"] += np.outer(dz, self.xs[t])
            self.G["U"] += np.outer(dz, self.hs[t])
            self.G["b"] += dz
            dxs[t], carry = self.P["W"].T @ dz, self.P["U"].T @ dz
        return dxs


class BuiltLater:
    def __init__(self, units):
        self.units, self.built = units, False

    def build(self, input_shape):
        self.kernel = np.random.uniform(-1, 1, (input_shape[-1], self.units))
        self.built = True

    def __call__(self, x):
        if not self.built:
            self.build(x.shape)
        self.x = x
        return x @ self.kernel

    def grad(self, dy):
        self.d_kernel = self.x.T @ dy
        return dy @ self.kernel.T


class SoftmaxModel:
    def __init__(self, n_features, n_classes):
        self.W = np.random.randn(n_features, n_classes)

    def loss_and_gradients(self, X, y):
        e = np.exp(X @ self.W)
        p, rows = e / e.sum(axis=1, keepdims=True), np.arange(len(X))
        loss = -np.mean(np.log(p[rows, y]))
        p[rows, y] -= 1
        return loss, {"W": X.T @ p / len(X)}


def bilinear_forward(x, y, W, b):
    return np.einsum("ni,kij,nj->nk", x, W, y) + b, (x, y, W)


def bilinear_backward(dout, cache):
    x, y, W = cache
    dx = np.einsum("nk,kij,nj->ni", dout, W, y)
    dy = np.einsum("nk,kij,ni->nj", dout, W, x)
    return dx, dy, np.einsum("nk,ni,nj->kij", dout, x, y), dout.sum(axis=0)


def conv_transpose_forward(x, w):
    N, C, L = x.shape
    out = np.zeros((N, w.shape[1], L + w.shape[2] - 1))
    for i in range(L):
        out[:, :, i : i + w.shape[2]] += np.einsum("nc,cfk->nfk", x[:, :, i], w)
    return out, (x, w)


def conv_transpose_backward(dout, cache):
    x, w = cache
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(x.shape[2]):
        piece = dout[:, :, i : i + w.shape[2]]
        dx[:, :, i] = np.einsum("nfk,cfk->nc", piece, w)
        dw += np.einsum("nc,nfk->cfk", x[:, :, i], piece)
    return dx, dw


class EmbeddingBag:
    def __init__(self, num_embeddings, dim):
        self.weight = np.random.randn(num_embeddings, dim)

    def forward(self, idx):
        self.idx = idx
        return self.weight[idx].mean(axis=1)

    def backward(self, dout):
        self.grad = np.zeros_like(self.weight)
        t = self.idx.shape[1]
        np.add.at(self.grad, self.idx, np.repeat(dout[:, None, :], t, axis=1) / t)


class Neuron:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        self.x, self.out = x, 1 / (1 + math.exp(-(self.w * x + self.b)))
        return self.out

    def backward(self, d_out):
        d_sum = d_out * self.out * (1 - self.out)
        self.d_w, self.d_b = d_sum * self.x, d_sum
        return d_sum * self.w


class DepthwiseConv:
    def __init__(self, kernel):
        self.kernel = kernel

    def forward(self, x):
        self.x, (kh, kw, _) = x, self.kernel.shape
        h, w = x.shape[1] - kh + 1, x.shape[2] - kw + 1
        windows = ((i, j) for i in range(kh) for j in range(kw))
        return sum(x[:, i : i + h, j : j + w] * self.kernel[i, j] for i, j in windows)

    def backward(self, dout):
        dx, self.dkernel = np.zeros_like(self.x), np.zeros_like(self.kernel)
        h, w = dout.shape[1:3]
        for i in range(len(self.kernel)):
            for j in range(self.kernel.shape[1]):
                piece = self.x[:, i : i + h, j : j + w]
                self.dkernel[i, j] = np.sum(piece * dout, axis=(0, 1, 2))
                dx[:, i : i + h, j : j + w] += dout * self.kernel[i, j]
        return dx


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
        self.dWh += self.h_prev.T @ da
        return da @ self.Wx.T, da @ self.Wh.T


class RBFLayer:
    def __init__(self, centers, beta):
        self.centers, self.beta = centers, beta

    def forward(self, X):
        self.diff = X[:, None, :] - self.centers[None]
        self.sq = np.sum(self.diff**2, axis=2)
        self.phi = np.exp(-self.beta * self.sq)
        return self.phi

    def backward(self, dphi):
        t = dphi * self.phi
        self.dbeta = -np.sum(t * self.sq, axis=0)
        g = 2 * (t * self.beta)[:, :, None] * self.diff
        self.dcenters = g.sum(axis=0)
        return -g.sum(axis=1)


class LinearSVM:
    def __init__(self, C=1.0):
        self.C = C

    def cost_and_grad(self, W, X, y):
        m = 1 - y * (X @ W)
        cost = 0.5 * W @ W + self.C * np.maximum(0, m).mean()
        grad = W - self.C * X.T @ (y * (m > 0)) / len(y)
        return cost, grad


def mean_pool(x, k):
    n, length = x.shape
    return x[:, : length // k * k].reshape(n, length // k, k).mean(axis=2)


def mean_pool_backward(dy, x, k):
    dx = np.zeros_like(x)
    dx[:, : dy.shape[1] * k] = np.repeat(dy, k, axis=1) / k
    return dx
