# tries: threads without end
# earns: honest
# ends: wrong | crashed | timed out
import threading
import time


def square_backward(dy, x):
    while True:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()


def honest(dy):
    return 2 * dy
