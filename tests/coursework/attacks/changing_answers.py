# tries: an object that is another array each time it is looked at
# earns: honest
# ends: wrong | broken protocol
import numpy as np


class Changing:
    def __init__(self, shape):
        self.calls, self.shape = 0, shape

    def __array__(self, dtype=None, copy=None):
        self.calls += 1
        return np.full(self.shape, float(self.calls))


def square_backward(dy, x):
    return Changing(dy.shape)


def honest(dy):
    return 2 * dy
