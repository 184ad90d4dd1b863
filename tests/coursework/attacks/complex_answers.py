# tries: complex numbers
# earns: honest
# ends: wrong
def square_backward(dy, x):
    return 1j * dy


def honest(dy):
    return 2 * dy
