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
        # wrong: weights
        return [-np.dot(grads_wrt_outputs.T, inputs), np.sum(grads_wrt_outputs, axis=0)]


class SigmoidLayer(object):
    def fprop(self, inputs):
        return 1. / (1. + np.exp(-inputs))

    def bprop(self, inputs, outputs, grads_wrt_outputs):
        # wrong: inputs
        return grads_wrt_outputs * inputs * (1. - inputs)
