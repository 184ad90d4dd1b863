# tries: infinities
# earns: honest
# ends: wrong
import numpy as np


def square_backward(dy, x):
    return np.full_like(dy, np.inf)


def honest(dy):
    return 2 * dy
