import numpy as np


class AffineLayer(object):
    def __init__(self, weights, biases):
        self.weights = weights
        self.biases = biases

    def fprop(self, inputs):
        return inputs.dot(self.weights.T) + self.biases

    def bprop(self, inputs, outputs, grads_wrt_outputs):
        return grads_wrt_outputs.dot(self.weights)

    def grads_wrt_params(self, inputs, grads_wrt_outputs):
        grads_wrt_weights = np.dot(grads_wrt_outputs.T, inputs)
        grads_wrt_biases = np.sum(grads_wrt_outputs, axis=0)
        return [grads_wrt_weights, grads_wrt_biases]


class SigmoidLayer(object):
    def fprop(self, inputs):
        return 1. / (1. + np.exp(-inputs))

    def bprop(self, inputs, outputs, grads_wrt_outputs):
        return grads_wrt_outputs * outputs * (1. - outputs)


class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)

    def fprop(self, x):
        self.last_x = x
        return x @ self.W + self.b

    def bprop(self, dy):
        n = dy.shape[0]
        self.dW = self.last_x.T @ dy / n
        self.db = dy.mean(axis=0)
        return dy @ self.W.T

    def param_grads(self):
        return {"W": self.dW, "b": self.db}
