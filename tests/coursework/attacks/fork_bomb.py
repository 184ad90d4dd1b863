# tries: to fork without end
# earns: honest
# ends: wrong | crashed | timed out | broken protocol
import os


def square_backward(dy, x):
    while True:
        os.fork()


def honest(dy):
    return 2 * dy
