# tries: right at every second call
# earns: honest
# ends: wrong
calls = 0


def square_backward(dy, x):
    global calls
    calls += 1
    return 2 * x * dy if calls % 2 else dy


def honest(dy):
    return 2 * dy
