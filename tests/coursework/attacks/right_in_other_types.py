# tries: nothing: it answers in extended precision, which does not travel
# earns: all
# ends: passed
import numpy as np


def square_backward(dy, x):
    return (2 * x * dy).astype(np.longdouble)


def honest(dy):
    return 2 * dy
