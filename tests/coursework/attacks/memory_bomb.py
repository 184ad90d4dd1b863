# tries: all the memory there is
# earns: honest
# ends: over a limit | wrong | crashed
kept = []


def square_backward(dy, x):
    while True:
        kept.append(bytearray(1 << 26))


def honest(dy):
    return 2 * dy
