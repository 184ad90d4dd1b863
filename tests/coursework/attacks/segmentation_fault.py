# tries: a crash in compiled code
# earns: honest
# ends: crashed
import ctypes

def square_backward(dy, x):
    return ctypes.string_at(0)


def honest(dy):
    return 2 * dy
