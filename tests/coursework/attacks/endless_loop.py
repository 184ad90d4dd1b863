# tries: not to end
# earns: honest
# ends: timed out
def square_backward(dy, x):
    while True:
        pass


def honest(dy):
    return 2 * dy
