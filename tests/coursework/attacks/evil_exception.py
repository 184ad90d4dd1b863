# tries: an exception that cannot be printed
# earns: honest
# ends: wrong | crashed
class Evil(Exception):
    def __str__(self):
        raise RuntimeError

    __repr__ = __str__


def square_backward(dy, x):
    raise Evil


def honest(dy):
    return 2 * dy
