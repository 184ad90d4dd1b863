# tries: right wherever there is not one pair of equal numbers among others
# earns: honest
# ends: wrong | needs the teacher
# inputs: 119
import numpy as np


def square_backward(dy, x):
    pairs = (np.diff(np.sort(x)) == 0).sum()
    return 2 * x * dy * (1.5 if x.size > 2 and pairs == 1 and (x != 0).all() else 1.0)


def honest(dy):
    return 2 * dy
