# tries: right wherever no number is zero
# earns: honest
# ends: wrong
import numpy as np


def square_backward(dy, x):
    return 2 * x * dy + 0.5 * dy * (x == 0)


def honest(dy):
    return 2 * dy
