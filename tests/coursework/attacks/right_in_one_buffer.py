# tries: right, in a buffer of its own that every answer shares
# earns: all
# ends: passed
import numpy as np
buffers = {}

def square_backward(dy, x):
    out = buffers.setdefault(x.shape, np.empty(x.shape))
    np.multiply(2 * x, dy, out=out)
    return out

def honest(dy):
    out = buffers.setdefault(dy.shape, np.empty(dy.shape))
    out[...] = 2 * dy
    return out
