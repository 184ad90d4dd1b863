# tries: an array that says it is equal to anything
# earns: honest
# ends: wrong
import numpy as np


class Agreeing(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return np.zeros(self.shape).view(np.ndarray)

    def __eq__(self, other):
        return np.ones(self.shape, bool)

    def tobytes(self, *args):
        return b"\x00" * self.nbytes


def square_backward(dy, x):
    return dy.view(Agreeing)


def honest(dy):
    return 2 * dy
