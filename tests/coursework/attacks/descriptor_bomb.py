# tries: descriptors without end
# earns: honest
# ends: wrong
import os

kept = []


def square_backward(dy, x):
    while True:
        kept.append(os.pipe())


def honest(dy):
    return 2 * dy
