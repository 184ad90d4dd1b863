# tries: to sleep for ever
# waits: for ever
# earns: honest
# ends: timed out
import time


def square_backward(dy, x):
    time.sleep(100_000)


def honest(dy):
    return 2 * dy
