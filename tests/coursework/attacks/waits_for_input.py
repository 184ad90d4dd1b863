# tries: to read from the terminal
# earns: honest
# ends: wrong
def square_backward(dy, x):
    return dy * len(input())


def honest(dy):
    return 2 * dy
