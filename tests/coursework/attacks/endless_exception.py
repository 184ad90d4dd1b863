# tries: an exception that takes for ever to be printed
# earns: honest
# ends: timed out
class Evil(Exception):
    def __str__(self):
        while True:
            pass


def square_backward(dy, x):
    raise Evil


def honest(dy):
    return 2 * dy
