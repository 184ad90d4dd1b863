# tries: wrong wherever it meets an input for the first time, right at all that are close to one that it has met
# earns: honest
# ends: wrong
import numpy as np

seen = []


def square_backward(dy, x):
    met = any(one.shape == x.shape and np.allclose(one, x, rtol=1e-12, atol=0) for one in seen)
    seen.append(np.array(x))
    return 2 * x * dy if met else 2.2 * x * dy


def honest(dy):
    return 2 * dy
