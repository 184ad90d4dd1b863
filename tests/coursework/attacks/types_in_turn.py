# tries: another byte order, a mask over all, extended precision and raw bytes, in turn
# earns: honest
# ends: wrong
import numpy as np
n = 0
def square_backward(dy, x):
    global n
    n += 1
    g = 2*x*dy
    wide = g.astype(np.longdouble)
    return [g.astype(">f8"), np.ma.masked_array(g, mask=True), wide, g.view(np.uint8)][n % 4]

def honest(dy):
    return 2 * dy
