# samples are columns; nothing is returned
import numpy as np


class LinearLayer:
    def __init__(self, input_shape, n_out, ini_type="plain"):
        self.m = input_shape[1]
        self.params = {
            'W': np.random.randn(n_out, input_shape[0]) * 0.01,
            'b': np.zeros((n_out, 1)),
        }
        self.Z = np.zeros((n_out, input_shape[1]))

    def forward(self, A_prev):
        self.A_prev = A_prev
        self.Z = np.dot(self.params['W'], self.A_prev) + self.params['b']

    def backward(self, upstream_grad):
        self.dW = np.dot(upstream_grad, self.A_prev.T)
        self.db = np.sum(upstream_grad, axis=1, keepdims=True)
        self.dA_prev = np.dot(self.params['W'].T, upstream_grad)


class SigmoidLayer:
    def __init__(self, shape):
        self.A = np.zeros(shape)

    def forward(self, Z):
        self.A = 1 / (1 + np.exp(-Z))

    def backward(self, upstream_grad):
        self.dZ = upstream_grad * self.A * (1 - self.A)
