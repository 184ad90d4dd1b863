# tries: not to end, where no signal handler of Python's runs
# earns: honest
# ends: timed out
def square_backward(dy, x):
    return dy * sum(range(10**12))


def honest(dy):
    return 2 * dy
