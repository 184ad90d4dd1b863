"""Layers as they are met further out: of images, over time, of one vector, as pullbacks."""

import numpy as np


class Activation_Softmax_Loss:
    def forward(self, inputs, y_true):
        e = np.exp(inputs - inputs.max(axis=1, keepdims=True))
        self.output = e / e.sum(axis=1, keepdims=True)
        return -np.log(self.output[range(len(inputs)), y_true]).mean()

    def backward(self, dvalues, y_true):
        self.dinputs = dvalues.copy()
        self.dinputs[range(len(dvalues)), y_true] -= 1
        self.dinputs = self.dinputs / len(dvalues)


class Activation_Linear:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()


class PReLU:
    def __init__(self, a=0.25):
        self.params = {"a": {"val": np.array([a]), "grad": 0}}

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.params["a"]["val"] * x)

    def backward(self, grad_y):
        low = self.x <= 0
        self.params["a"]["grad"] = np.array([np.sum(grad_y * self.x * low)])
        return grad_y * np.where(low, self.params["a"]["val"], 1.0)


class ScaleShift:
    def __init__(self, size):
        self.params = {"gain": np.ones(size), "shift": np.zeros(size)}
        self.grads = {}

    def forward(self, inputs):
        self.inputs = inputs
        return inputs * self.params["gain"] + self.params["shift"]

    def backward(self, grad):
        self.grads["gain"] = (grad * self.inputs).sum(axis=0)
        self.grads["shift"] = grad.sum(axis=0)
        return grad * self.params["gain"]


class Model:
    def __init__(self, layers):
        self.W1 = np.random.randn(layers[0], layers[1])
        self.W2 = np.random.randn(layers[1], layers[2])

    def loss(self, X, y):
        self.a1 = np.tanh(X.dot(self.W1))
        e = np.exp(self.a1.dot(self.W2))
        self.probs = e / e.sum(axis=1, keepdims=True)
        return -np.log(self.probs[np.arange(len(y)), y]).mean()

    def backward(self, X, y):
        delta = self.probs.copy()
        delta[range(len(y)), y] -= 1
        delta /= len(y)
        dW2 = self.a1.T.dot(delta)
        dW1 = X.T.dot(delta.dot(self.W2.T) * (1 - self.a1**2))
        return {"dW1": dW1, "dW2": dW2}


class Entropy:
    def forward(self, p, labels):
        self.p = p
        return -(labels * np.log(p)).sum()

    def backward(self, labels):
        return -labels / self.p


def norm_forward(x, gamma, beta, bn_param):
    eps = bn_param["eps"]
    std = np.sqrt(x.var(axis=0) + eps)
    z = (x - x.mean(axis=0)) / std
    return gamma * z + beta, (z, gamma, std)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    out, cache = norm_forward(np.moveaxis(x, 1, -1).reshape(-1, C), gamma, beta, bn_param)
    return np.moveaxis(out.reshape(N, H, W, C), -1, 1), cache


def spatial_batchnorm_backward(dout, cache):
    z, gamma, std = cache
    N, C, H, W = dout.shape
    d = np.moveaxis(dout, 1, -1).reshape(-1, C)
    g = d * gamma
    dx = (g - g.mean(axis=0) - z * (g * z).mean(axis=0)) / std
    return np.moveaxis(dx.reshape(N, H, W, C), -1, 1), (d * z).sum(axis=0), d.sum(axis=0)


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    N, C, H, W = x.shape
    rows = x.reshape(N * G, -1)
    std = np.sqrt(rows.var(axis=1, keepdims=True) + gn_param.get("eps", 1e-5))
    z = (rows - rows.mean(axis=1, keepdims=True)) / std
    return gamma * z.reshape(x.shape) + beta, (G, z, std, gamma)


def spatial_groupnorm_backward(dout, cache):
    G, z, std, gamma = cache
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * z.reshape(dout.shape)).sum(axis=(0, 2, 3), keepdims=True)
    g = (dout * gamma).reshape(z.shape)
    dx = g - g.mean(axis=1, keepdims=True) - z * (g * z).mean(axis=1, keepdims=True)
    return (dx / std).reshape(dout.shape), dgamma, dbeta


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    p = np.exp(x - x.max(axis=2, keepdims=True))
    p /= p.sum(axis=2, keepdims=True)
    at = (np.arange(N)[:, None], np.arange(T), y)
    loss = -(mask * np.log(p[at])).sum() / N
    dx = p.copy()
    dx[at] -= 1
    return loss, dx * mask[:, :, None] / N


def cofi_cost(params, Y, R, num_features, lam):
    movies, users = Y.shape
    X = params[: movies * num_features].reshape(movies, num_features)
    Theta = params[movies * num_features :].reshape(users, num_features)
    err = (X @ Theta.T - Y) * R
    J = 0.5 * (err**2).sum() + lam / 2 * ((X**2).sum() + (Theta**2).sum())
    return J, np.r_[(err @ Theta + lam * X).ravel(), (err.T @ X + lam * Theta).ravel()]


def compute_cost(x, y, w, b):
    return sum((w * x[i] + b - y[i]) ** 2 for i in range(len(x))) / (2 * len(x))


def compute_gradient(x, y, w, b):
    dj_dw = sum((w * x[i] + b - y[i]) * x[i] for i in range(len(x)))
    dj_db = sum(w * x[i] + b - y[i] for i in range(len(x)))
    return dj_dw / len(x), dj_db / len(x)


def kl_divergence(p, q):
    return np.sum(p * np.log(p / q))


def d_kl_divergence(p, q):
    return -p / q


def softmax(z):
    e = np.exp(z - np.max(z))
    return e / e.sum()


def softmax_derivative(z):
    s = softmax(z).reshape(-1, 1)
    return np.diagflat(s) - np.dot(s, s.T)


def weight_norm_forward(x, v, g):
    n = np.linalg.norm(v, axis=0)
    return x @ (g * v / n), (x, v, g, n)


def weight_norm_backward(dout, cache):
    x, v, g, n = cache
    dw = x.T @ dout
    dg = (dw * v).sum(axis=0) / n
    return dout @ (g * v / n).T, g / n * dw - g * dg / n**2 * v, dg


def rms_norm(x, weight):
    r = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6)

    def pullback(g):
        gw = g * weight
        return r * gw - x * r**3 * (gw * x).mean(-1, keepdims=True), (g * x * r).sum(axis=0)

    return x * r * weight, pullback


class Multiply:
    def forward(self, X):
        self.X = X
        out = X[0].copy()
        for part in X[1:]:
            out = out * part
        return out

    def backward(self, dLdY):
        n = range(len(self.X))
        return [dLdY * np.prod([self.X[j] for j in n if j != i], axis=0) for i in n]


def squash(z):
    return 1.0 / (1.0 + np.exp(-z))


class Network:
    def __init__(self, sizes):
        self.num_layers = len(sizes)
        self.biases = [np.random.randn(y, 1) for y in sizes[1:]]
        self.weights = [np.random.randn(y, x) for x, y in zip(sizes[:-1], sizes[1:], strict=True)]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights, strict=True):
            a = squash(w @ a + b)
        return a

    def backprop(self, x, y):
        nabla_b, nabla_w = [0 * b for b in self.biases], [0 * w for w in self.weights]
        activations = [x]
        for b, w in zip(self.biases, self.weights, strict=True):
            activations.append(squash(w @ activations[-1] + b))
        delta = self.cost_derivative(activations[-1], y)
        for k in range(1, self.num_layers):
            delta = delta * activations[-k] * (1 - activations[-k])
            nabla_b[-k], nabla_w[-k] = delta, delta @ activations[-k - 1].T
            delta = self.weights[-k].T @ delta
        return nabla_b, nabla_w

    def cost_derivative(self, output_activations, y):
        return output_activations - y


def lossFun(inputs, targets, hprev, Wxh, Whh, Why, bh, by):
    xs, hs, ps, loss = {}, {-1: np.copy(hprev)}, {}, 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((Wxh.shape[1], 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1] + bh)
        ys = Why @ hs[t] + by
        ps[t] = np.exp(ys) / np.sum(np.exp(ys))
        loss += -np.log(ps[t][targets[t], 0])
    dWxh, dWhh, dWhy, dbh, dby = (np.zeros_like(one) for one in (Wxh, Whh, Why, bh, by))
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += dy @ hs[t].T
        dby += dy
        dhraw = (1 - hs[t] * hs[t]) * (Why.T @ dy + dhnext)
        dbh += dhraw
        dWxh += dhraw @ xs[t].T
        dWhh += dhraw @ hs[t - 1].T
        dhnext = Whh.T @ dhraw
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[len(inputs) - 1]
