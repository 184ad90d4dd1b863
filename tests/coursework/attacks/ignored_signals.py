# tries: to ignore every signal, and then not to end
# waits: for ever
# earns: honest
# ends: timed out
import signal
import time

def square_backward(dy, x):
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        time.sleep(0.01)


def honest(dy):
    return 2 * dy
