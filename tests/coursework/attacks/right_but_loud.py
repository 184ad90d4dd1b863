# tries: nothing: it prints a megabyte and is right
# earns: all
# ends: passed
def square_backward(dy, x):
    print("x" * 1_000_000)
    return 2 * x * dy


def honest(dy):
    return 2 * dy
