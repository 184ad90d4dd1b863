import numpy as np


class Linear(object):
    @staticmethod
    def forward(x, w, b):
        return x @ w + b, (x, w, b)

    @staticmethod
    def backward(dout, cache):
        # wrong: b
        x, w, b = cache
        return dout @ w.T, x.T @ dout, dout


class Mul:
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx, grad_output):
        # wrong: a b
        a, b = ctx.saved_tensors
        return grad_output * a, grad_output * b
