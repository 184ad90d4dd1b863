"""Layers that no name settles: dims by what has to be equal, tapes, decay, gradients by function."""

import math

import numpy as np


def sage_forward(h, adj, W_self, W_neigh):
    agg = adj.dot(h)
    return np.tanh(h.dot(W_self) + agg.dot(W_neigh)), (h, adj, W_self, W_neigh, agg)


def sage_backward(dout, cache):
    h, adj, W_self, W_neigh, agg = cache
    dz = dout * (1 - np.tanh(h.dot(W_self) + agg.dot(W_neigh)) ** 2)
    dagg = dz.dot(W_neigh.T)
    return dz.dot(W_self.T) + adj.T.dot(dagg), dagg.dot(h.T), h.T.dot(dz), agg.T.dot(dz)


def glove_loss_and_grad(W, W_tilde, b, logX, weight):
    diff = W @ W_tilde.T + b[:, None] - logX
    g = weight * diff
    loss = 0.5 * np.sum(g * diff)
    return loss, (g @ W_tilde, g.T @ W, g.sum(axis=1))


class TokenScale:
    @staticmethod
    def forward(x, w, b):
        B, T, C = x.shape
        return x * w + b / T, (x, w)

    @staticmethod
    def backward(dout, cache):
        x, w = cache
        return dout * w, (dout * x).sum((0, 1)), dout.sum((0, 1)) / x.shape[1]


def path_energy(emissions, transitions, tags):
    steps = np.arange(len(tags))
    score = emissions[steps, tags].sum() + transitions[tags[:-1], tags[1:]].sum()
    d_emissions, d_transitions = np.zeros_like(emissions), np.zeros_like(transitions)
    d_emissions[steps, tags] = score
    np.add.at(d_transitions, (tags[:-1], tags[1:]), score)
    return score**2 / 2, d_emissions, d_transitions


def negloglik(beta, X, y, sample_weight):
    r = X @ beta[1:] + beta[0] - y
    return 0.5 * np.sum(sample_weight * r**2)


def negloglik_grad(beta, X, y, sample_weight):
    r = sample_weight * (X @ beta[1:] + beta[0] - y)
    return np.concatenate(([r.sum()], X.T @ r))


def fit_loss(X, y, W1, W2):
    z = np.tanh(X @ W1) @ W2
    return np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y])


def fit_gradients(X, y, W1, W2):
    a = np.tanh(X @ W1)
    g = np.exp(a @ W2)
    g = g / g.sum(axis=1, keepdims=True)
    g[np.arange(len(y)), y] -= 1
    g = g / len(y)
    return X.T @ (g @ W2.T * (1 - a**2)), a.T @ g


def simplex_map(z):
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


def simplex_map_backward(dp, p):
    return p * (dp - (dp * p).sum(axis=1, keepdims=True))


def step(w, b, x_train, y_train):
    z = np.dot(w.T, x_train) + b
    cost = np.sum((z - y_train) ** 2) / 2
    gradients = {
        "derivative_weight": np.dot(x_train, (z - y_train).T),
        "derivative_bias": np.sum(z - y_train),
    }
    return cost, gradients


class Hidden:
    def __init__(self, n_in, n_out):
        self.weights = np.random.uniform(-0.5, 0.5, size=(n_in + 1, n_out))

    def forward(self, x):
        self.x1 = np.hstack([x, np.ones((x.shape[0], 1))])
        return self.x1 @ self.weights

    def backward(self, delta):
        self.gradient = self.x1.T @ delta
        return delta @ self.weights[:-1].T


class Sloped:
    def __init__(self, n_in, n_out, slope=0.5):
        self.weights = np.random.randn(n_in, n_out)
        self.slope = np.array(slope)

    def forward(self, x):
        self.x = x
        return self.slope * (x @ self.weights)

    def backward(self, g):
        self.dW = self.slope * self.x.T @ g
        self.dslope = np.sum(g * (self.x @ self.weights))
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
        self.dW = self.x.T @ dout + self.reg * self.W
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
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def __pow__(self, other):
        assert isinstance(other, int | float)
        out = Value(self.data**other, (self,))

        def _backward():
            self.grad += other * self.data ** (other - 1) * out.grad

        out._backward = _backward
        return out

    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,))

        def _backward():
            self.grad += (1 - t**2) * out.grad

        out._backward = _backward
        return out

    def backward(self):
        self.grad = 1
        for v in [self, *self._prev]:
            v._backward()


class Array:
    def __init__(self, value, parents=()):
        self.value, self.parents, self.grad = np.asarray(value), parents, 0.0

    def __matmul__(self, o):
        return Array(
            self.value @ o.value,
            [(self, lambda g: g @ o.value.T), (o, lambda g: self.value.T @ g)],
        )

    def backward(self, g=None):
        self.grad = np.ones_like(self.value) if g is None else g
        for parent, pull in self.parents:
            parent.grad = parent.grad + pull(self.grad)


def ridge_obj(x, y, th, th0, lam):
    return np.mean((y - th.T @ x - th0) ** 2) + lam * np.sum(th * th)


def d_ridge_obj_th(x, y, th, th0, lam):
    return np.mean(-2 * (y - th.T @ x - th0) * x, axis=1, keepdims=True) + 2 * lam * th


def d_ridge_obj_th0(x, y, th, th0, lam):
    return np.mean(-2 * (y - th.T @ x - th0), axis=1, keepdims=True)


class MapDropout:
    def forward(self, x):
        self.scale = (np.random.rand(x.shape[0], x.shape[1], 1, 1) > 0.4) / 0.6
        return x * self.scale

    def backward(self, grad):
        return grad * self.scale


class PairLoss:
    def __call__(self, x1, x2):
        self.diff = x1 - x2
        return np.sum(self.diff**2)

    def gradient(self):
        return 2 * self.diff, -2 * self.diff


class Tied:
    def __init__(self, n_visible, n_hidden):
        self.W = np.random.randn(n_visible, n_hidden)

    def loss(self, X):
        return 0.5 * np.sum((X @ self.W @ self.W.T - X) ** 2)

    def gradient(self, X):
        r = X @ self.W @ self.W.T - X
        return {"W": X.T @ r @ self.W + r.T @ X @ self.W}


def reparam(mu, log_sigma, noise):
    sigma = np.exp(log_sigma)
    return mu + sigma * noise, (sigma, noise)


def reparam_back(dz, cache):
    sigma, noise = cache
    return dz, dz * sigma * noise


class Log:
    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return math.log(a + 1e-6)

    @staticmethod
    def backward(ctx, d_output):
        (a,) = ctx.saved_values
        return d_output / (a + 1e-6)
