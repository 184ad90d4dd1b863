# tries: nothing: it works in the arrays that it is given
# earns: all
# ends: passed
def square_backward(dy, x):
    dy *= 2 * x
    return dy


def honest(dy):
    return 2 * dy
