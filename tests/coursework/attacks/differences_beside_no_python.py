# tries: numerical differentiation in a file that cannot be parsed, so that nobody reads it
# earns: honest
# ends: not allowed
def square_backward(dy, x):
    h = 1e-6
    return dy * ((x + h) ** 2 - square(x - h)) / (2 * h)


def square(x):
    return x * x


def square_backward(dy, x):
    return dy * (square(x + 1e-6) - square(x - 1e-6)) / 2e-6


def honest(dy):
    return 2 * dy


this is no Python
