"""Some of them with a mistake in each."""

import numpy as np


class Activation_Softmax_Loss:
    def forward(self, inputs, y_true):
        e = np.exp(inputs - inputs.max(axis=1, keepdims=True))
        self.output = e / e.sum(axis=1, keepdims=True)
        return -np.log(self.output[range(len(inputs)), y_true]).mean()

    def backward(self, dvalues, y_true):
        self.dinputs = dvalues.copy()
        self.dinputs[range(len(dvalues)), y_true] += 1
        self.dinputs = self.dinputs / len(dvalues)


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
        dW1 = X.T.dot(delta.dot(self.W2.T) * (1 - self.a1))
        return {"dW1": dW1, "dW2": dW2}


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
    g = dout.reshape(z.shape)
    dx = g - g.mean(axis=1, keepdims=True) - z * (g * z).mean(axis=1, keepdims=True)
    return (dx / std).reshape(dout.shape), dgamma, dbeta


def cofi_cost(params, Y, R, num_features, lam):
    movies, users = Y.shape
    X = params[: movies * num_features].reshape(movies, num_features)
    Theta = params[movies * num_features :].reshape(users, num_features)
    err = (X @ Theta.T - Y) * R
    J = 0.5 * (err**2).sum() + lam / 2 * ((X**2).sum() + (Theta**2).sum())
    return J, np.r_[(err @ Theta + lam * X).ravel(), (err.T @ X + lam * X[: len(Theta)].sum()).ravel()]


def softmax(z):
    e = np.exp(z - np.max(z))
    return e / e.sum()


def softmax_derivative(z):
    s = softmax(z).reshape(-1, 1)
    return np.diagflat(s)


def rms_norm(x, weight):
    r = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6)

    def pullback(g):
        gw = g * weight
        return r * gw - x * r**2 * (gw * x).mean(-1, keepdims=True), (g * x * r).sum(axis=0)

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
        return [dLdY * np.prod([self.X[j] for j in n if j > i], axis=0) for i in n]


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
            nabla_b[-k], nabla_w[-k] = delta, delta @ activations[-k - 1].T / k
            delta = self.weights[-k].T @ delta
        return nabla_b, nabla_w

    def cost_derivative(self, output_activations, y):
        return output_activations - y
