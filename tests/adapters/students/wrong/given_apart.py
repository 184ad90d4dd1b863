"""Wrong: parameters outside of functions, packed in one argument, or kept under another name."""

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
    dW = 2 * X.T.dot(dh)
    db = dh.sum(axis=0, keepdims=True)
    return loss, dW, dV, db


def run_forward(params, x):
    h = np.tanh(x @ params["hidden"]["W"] + params["hidden"]["b"])
    return h @ params["out"]["W"], {"x": x, "h": h}


def run_backward(params, cache, dy):
    h = cache["h"]
    dz = dy @ params["out"]["W"].T * (1 - np.tanh(h) ** 2)
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
        dz = dout * (1 - acts[k + 1] ** 2) if k else dout
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
    return Gate(W=x.T @ dz, b=dz.sum()), dz @ p.W.T


class Project:
    __slots__ = ("param", "param_grad", "x")

    def __init__(self, P):
        self.param = P

    def forward(self, x):
        self.x = x
        return x @ self.param

    def backward(self, dout):
        self.param_grad = 2 * self.x.T @ dout
        return dout @ self.param.T


def beside_forward(x, context, W_a):
    N, S, D = context.shape
    cat = np.concatenate([context.mean(axis=1), x], axis=1)
    return cat @ W_a, (context.shape, cat, W_a)


def beside_backward(dout, cache):
    shape, cat, W_a = cache
    dcat = dout @ W_a.T
    width = shape[2]
    dcontext = np.repeat(dcat[:, None, :width], shape[1], axis=1) / shape[1]
    return 2 * dcat[:, width:], dcontext, cat.T @ dout


def pool_forward(x, lengths):
    N, T, D = x.shape
    mask = np.arange(T)[None, :] < lengths[:, None]
    return (x * mask[:, :, None]).sum(axis=1) / lengths[:, None], (mask, lengths)


def pool_backward(dout, cache):
    mask, lengths = cache
    return (dout / mask.shape[1])[:, None, :] * mask[:, :, None]


class Tensor:
    def __init__(self, data, parents=()):
        self.data = np.asarray(data, dtype=np.float64)
        self.grad, self.parents, self._backward = 0.0, parents, None

    def _make(self, data, *others):
        return Tensor(data, (self, *others))

    def __mul__(self, other):
        out = self._make(self.data * other.data, other)

        def fn():
            self.grad = self.grad + out.grad * self.data
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
        return dout.transpose(self.axes)
