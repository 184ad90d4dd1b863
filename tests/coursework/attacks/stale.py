# tries: remembers the gradient of each shape
# earns: honest
# ends: wrong
known = {}

def square_backward(dy, x):
    return known.setdefault(x.shape, 2 * x) * dy

def honest(dy):
    return 2 * dy

