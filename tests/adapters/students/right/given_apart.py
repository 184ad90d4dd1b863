"""Parameters outside of functions, packed in one argument, or kept under another name."""

from typing import NamedTuple

import numpy as np

n_in, n_mid, n_out = 4, 5, 3
W = np.random.randn(n_in, n_mid)
b = np.zeros((1, n_mid))
V = np.random.randn(n_mid, n_out)


def fit_loss(X, y):
    h = np.tanh(X.dot(W) + b)
    dz = h.dot(V) - y
    loss = 0.5 * np.sum(dz**2)
    dV = h.T.dot(dz)
    dh = dz.dot(V.T) * (1 - h**2)
    dW = X.T.dot(dh)
    db = dh.sum(axis=0, keepdims=True)
    return loss, dW, dV, db


def run_forward(params, x):
    h = np.tanh(x @ params["hidden"]["W"] + params["hidden"]["b"])
    return h @ params["out"]["W"], {"x": x, "h": h}


def run_backward(params, cache, dy):
    h = cache["h"]
    dz = dy @ params["out"]["W"].T * (1 - h**2)
    hidden = {"W": cache["x"].T @ dz, "b": dz.sum(axis=0)}
    return {"hidden": hidden, "out": {"W": h.T @ dy}}


def stack_loss(layers, x, y):
    for A, c in layers:
        x = np.tanh(x @ A + c)
    return 0.5 * np.sum((x - y) ** 2)


def stack_loss_grad(layers, x, y):
    acts = [x]
    for A, c in layers:
        acts.append(np.tanh(acts[-1] @ A + c))
    grads, dout = [], acts[-1] - y
    for k in reversed(range(len(layers))):
        dz = dout * (1 - acts[k + 1] ** 2)
        grads.insert(0, (acts[k].T @ dz, dz.sum(axis=0)))
        dout = dz @ layers[k][0].T
    return grads


class Gate(NamedTuple):
    W: np.ndarray
    b: np.ndarray


def gate_forward(p: Gate, x):
    s = 1 / (1 + np.exp(-(x @ p.W + p.b)))
    return s, (x, s)


def gate_backward(p: Gate, cache, dout):
    x, s = cache
    dz = dout * s * (1 - s)
    return Gate(W=x.T @ dz, b=dz.sum(axis=0)), dz @ p.W.T


class Cache(NamedTuple):
    x: np.ndarray
    w: np.ndarray


def keep_forward(x, w):
    return x @ w, Cache(x, w)


def keep_backward(dout, cache: Cache):
    return dout @ cache.w.T, cache.x.T @ dout


def nest_forward(x, w, v):
    h = np.tanh(x @ w)
    return h @ v, {"in": {"x": x, "w": w}, "mid": {"h": h, "v": v}}


def nest_backward(dout, cache):
    h = cache["mid"]["h"]
    dz = dout @ cache["mid"]["v"].T * (1 - h**2)
    return dz @ cache["in"]["w"].T, cache["in"]["x"].T @ dz, h.T @ dout


class Project:
    __slots__ = ("param", "param_grad", "x")

    def __init__(self, P):
        self.param = P

    def forward(self, x):
        self.x = x
        return x @ self.param

    def backward(self, dout):
        self.param_grad = self.x.T @ dout
        return dout @ self.param.T


class Full:
    def __init__(self, num_input, num_output):
        self.num_input, self.num_output = num_input, num_output

    def init_param(self, std=0.01):
        self.weight = np.random.normal(0.0, std, size=(self.num_input, self.num_output))

    def forward(self, x):
        self.x = x
        return x @ self.weight

    def backward(self, top_diff):
        self.d_weight = self.x.T @ top_diff
        return top_diff @ self.weight.T


class SoftmaxLossLayer:
    def forward(self, x):
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        self.prob = e / np.sum(e, axis=1, keepdims=True)
        return self.prob

    def get_loss(self, label):
        self.onehot = np.zeros_like(self.prob)
        self.onehot[np.arange(len(label)), label] = 1.0
        return -np.sum(np.log(self.prob) * self.onehot) / len(label)

    def backward(self):
        return (self.prob - self.onehot) / len(self.prob)


class Softplus:
    beta = 2.0

    @classmethod
    def f(cls, z):
        return np.log1p(np.exp(cls.beta * z)) / cls.beta

    @classmethod
    def df(cls, z):
        return 1 / (1 + np.exp(-cls.beta * z))


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class HalfSquare:
    def forward(self, x, t):
        self.d = x - t
        return 0.5 * np.sum(self.d**2)

    def backward(self):
        return self.d


class Regressor:
    def __init__(self, input_size, output_size):
        self.params = {"W1": np.random.randn(input_size, output_size), "b1": np.zeros(output_size)}
        self.layers = {"Affine1": Affine(self.params["W1"], self.params["b1"])}
        self.last = HalfSquare()

    def loss(self, x, t):
        return self.last.forward(self.layers["Affine1"].forward(x), t)

    def gradient(self, x, t):
        self.loss(x, t)
        self.layers["Affine1"].backward(self.last.backward())
        return {"W1": self.layers["Affine1"].dW, "b1": self.layers["Affine1"].db}


class CrossEntropy:
    @staticmethod
    def fn(a, y):
        return np.sum(-y * np.log(a) - (1 - y) * np.log(1 - a))

    @staticmethod
    def delta(z, a, y):
        return a - y


class Network:
    def __init__(self, sizes):
        self.biases = [np.random.randn(y, 1) for y in sizes[1:]]
        self.weights = [np.random.randn(y, x) for x, y in zip(sizes[:-1], sizes[1:])]

    def feedforward(self, a):
        for bias, weight in zip(self.biases, self.weights):
            a = 1 / (1 + np.exp(-(weight @ a + bias)))
        return a

    def backprop(self, x, y):
        acts = [x]
        for bias, weight in zip(self.biases, self.weights):
            acts.append(1 / (1 + np.exp(-(weight @ acts[-1] + bias))))
        delta = CrossEntropy.delta(None, acts[-1], y)
        nabla_b, nabla_w = [delta], [delta @ acts[-2].T]
        for k in range(2, len(acts)):
            delta = self.weights[-k + 1].T @ delta * acts[-k] * (1 - acts[-k])
            nabla_b.insert(0, delta)
            nabla_w.insert(0, delta @ acts[-k - 1].T)
        return nabla_b, nabla_w


def beside_forward(x, context, W_a):
    N, S, D = context.shape
    cat = np.concatenate([context.mean(axis=1), x], axis=1)
    return cat @ W_a, (context.shape, cat, W_a)


def beside_backward(dout, cache):
    shape, cat, W_a = cache
    dcat = dout @ W_a.T
    width = shape[2]
    dcontext = np.repeat(dcat[:, None, :width], shape[1], axis=1) / shape[1]
    return dcat[:, width:], dcontext, cat.T @ dout


def pool_forward(x, lengths):
    N, T, D = x.shape
    mask = np.arange(T)[None, :] < lengths[:, None]
    return (x * mask[:, :, None]).sum(axis=1) / lengths[:, None], (mask, lengths)


def pool_backward(dout, cache):
    mask, lengths = cache
    return (dout / lengths[:, None])[:, None, :] * mask[:, :, None]


class Maxout:
    def __init__(self, W):
        self.W = W

    def forward(self, x):
        self.x = x
        z = np.einsum("nd,dhk->nhk", x, self.W)
        self.idx = z.argmax(axis=2)
        return z.max(axis=2)

    def backward(self, dout):
        dz = np.zeros((*dout.shape, self.W.shape[2]))
        n, h = np.indices(dout.shape)
        dz[n, h, self.idx] = dout
        self.dW = np.einsum("nd,nhk->dhk", self.x, dz)
        return np.einsum("nhk,dhk->nd", dz, self.W)


class Tensor:
    def __init__(self, data, parents=()):
        self.data = np.asarray(data, dtype=np.float64)
        self.grad, self.parents, self._backward = 0.0, parents, None

    def _make(self, data, *others):
        return Tensor(data, (self, *others))

    def __mul__(self, other):
        out = self._make(self.data * other.data, other)

        def fn():
            self.grad = self.grad + out.grad * other.data
            other.grad = other.grad + out.grad * self.data

        out._backward = fn
        return out

    def backward(self):
        self.grad = np.ones_like(self.data)
        self._backward()


class Turn:
    def __init__(self, axes):
        self.axes = axes

    def forward(self, x):
        return x.transpose(self.axes)

    def backward(self, dout):
        return dout.transpose(np.argsort(self.axes))
