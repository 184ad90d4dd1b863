# tries: text that looks like numbers
# earns: honest
# ends: wrong
def square_backward(dy, x):
    return [str(one) for one in dy]


def honest(dy):
    return 2 * dy
