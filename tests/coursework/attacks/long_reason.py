# tries: an exception of ten megabytes
# earns: honest
# ends: wrong | timed out
def square_backward(dy, x):
    raise ValueError("x" * 10_000_000)


def honest(dy):
    return 2 * dy
