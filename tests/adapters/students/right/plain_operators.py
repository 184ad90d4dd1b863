"""ops on plain arrays: the node only remembers its inputs"""
import numpy as np


class Op:
    def __call__(self, *args):
        raise NotImplementedError()

    def compute(self, *args):
        raise NotImplementedError()

    def gradient(self, out_grad, node):
        raise NotImplementedError()


class EWiseMul(Op):
    def compute(self, a, b):
        return a * b

    def gradient(self, out_grad, node):
        lhs, rhs = node.inputs
        return out_grad * rhs, out_grad * lhs


class LogSoftmax(Op):
    def compute(self, Z):
        top = Z.max(axis=1, keepdims=True)
        return Z - top - np.log(np.exp(Z - top).sum(axis=1, keepdims=True))

    def gradient(self, out_grad, node):
        z = node.inputs[0]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return out_grad - e / e.sum(axis=1, keepdims=True) * out_grad.sum(axis=1, keepdims=True)


class PowerScalar(Op):
    def __init__(self, scalar):
        self.scalar = scalar

    def compute(self, a):
        return a ** self.scalar

    def gradient(self, out_grad, node):
        return out_grad * self.scalar * node.inputs[0] ** (self.scalar - 1)


class Objective:
    """a loss whose name says nothing"""

    def forward(self, pred, target):
        self.pred, self.target = pred, target
        return np.mean((pred - target) ** 2)

    def backward(self):
        return 2 * (self.pred - self.target) / self.pred.size
