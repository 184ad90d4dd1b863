# tries: to end its process from a thread of C, with code 0 and a trace of all that runs
# earns: honest
# ends: crashed
import faulthandler
import time


def square_backward(dy, x):
    faulthandler.dump_traceback_later(0.01, exit=True)
    while True:
        time.sleep(0.01)


def honest(dy):
    return 2 * dy
