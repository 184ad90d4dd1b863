# tries: an array of a gigabyte
# earns: honest
# ends: wrong | over a limit
import numpy as np


def square_backward(dy, x):
    return np.zeros((1 << 14, 1 << 13))


def honest(dy):
    return 2 * dy
