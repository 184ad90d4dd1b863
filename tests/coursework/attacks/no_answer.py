# tries: nothing at all
# earns: honest
# ends: wrong
def square_backward(dy, x):
    return None


def honest(dy):
    return 2 * dy
