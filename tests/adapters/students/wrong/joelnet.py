import numpy as np


class MSE:
    def loss(self, predicted, actual):
        return np.mean((predicted - actual) ** 2)

    def grad(self, predicted, actual):
        # wrong: predicted
        return 2 * (actual - predicted)


class Linear:
    def __init__(self, input_size, output_size):
        self.params = {}
        self.grads = {}
        self.params["w"] = np.random.randn(input_size, output_size)
        self.params["b"] = np.random.randn(output_size)

    def forward(self, inputs):
        self.inputs = inputs
        return inputs @ self.params["w"] + self.params["b"]

    def backward(self, grad):
        # wrong: inputs
        self.grads["b"] = np.sum(grad, axis=0)
        self.grads["w"] = self.inputs.T @ grad
        return grad @ np.abs(self.params["w"].T)
