# tries: a second process that answers as well
# earns: honest
# ends: broken protocol | wrong | crashed
import os


def square_backward(dy, x):
    os.fork()
    return dy


def honest(dy):
    return 2 * dy
