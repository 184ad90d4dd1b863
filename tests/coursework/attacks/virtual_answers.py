# tries: an array of a petabyte that takes no memory
# earns: honest
# ends: wrong | over a limit
import numpy as np


def square_backward(dy, x):
    return np.broadcast_to(np.zeros(1), (1 << 24, 1 << 24))


def honest(dy):
    return 2 * dy
