# tries: threads that compute after the answer
# earns: honest
# ends: timed out | wrong
import threading


def spin():
    while True:
        pass


def square_backward(dy, x):
    threading.Thread(target=spin, daemon=True).start()
    return dy


def honest(dy):
    return 2 * dy
