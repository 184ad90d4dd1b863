# tries: to differentiate numerically, which this assignment does not allow
# earns: honest
# ends: not allowed
def f(x):
    return x * x


def square_backward(dy, x):
    h = 1e-6
    return dy * (f(x + h) - f(x - h)) / (2 * h)


def honest(dy):
    return 2 * dy
