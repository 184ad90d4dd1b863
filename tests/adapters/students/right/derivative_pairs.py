import numpy as np
import matplotlib.pyplot as plt


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_grad(x):
    return (1.0 - sigmoid(x)) * sigmoid(x)


def tanh(x):
    return np.tanh(x)


def tanh_prime(y):
    """derivative given the OUTPUT of tanh"""
    return 1 - y ** 2


def relu(z):
    return np.maximum(z, 0)


def drelu(z):
    return (z > 0).astype(float)


def softplus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


def softplus_derivative(x):
    return 1 / (1 + np.exp(-x))


class ELU():
    def __init__(self, alpha=0.1):
        self.alpha = alpha

    def __call__(self, x):
        return np.where(x >= 0.0, x, self.alpha * (np.exp(np.minimum(x, 0)) - 1))

    def gradient(self, x):
        return np.where(x >= 0.0, 1, self.__call__(x) + self.alpha)


class SoftSign:
    def fn(self, z):
        return z / (1 + np.abs(z))

    def grad(self, z):
        return 1 / (1 + np.abs(z)) ** 2


plt.plot(np.linspace(-5, 5), sigmoid(np.linspace(-5, 5)))
plt.show()
