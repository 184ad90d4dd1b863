# tries: wrong where no cotangent is negative
# earns: honest
# ends: wrong
def square_backward(dy, x):
    return 2 * x * dy * (1.2 if (dy >= 0).all() else 1)

def honest(dy):
    return 2 * dy

