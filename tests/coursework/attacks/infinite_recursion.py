# tries: recursion without end
# earns: honest
# ends: wrong
def square_backward(dy, x):
    return square_backward(dy, x)


def honest(dy):
    return 2 * dy
