# tries: to drown the grader in output
# waits: for ever
# earns: honest
# ends: timed out | wrong
def square_backward(dy, x):
    while True:
        print("x" * 65536)


def honest(dy):
    return 2 * dy
