# tries: SIGKILL to its parent and to every process there is
# earns: honest
# ends: wrong | crashed
import os
import signal

def square_backward(dy, x):
    for pid in (os.getppid(), 1, -1):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    return dy


def honest(dy):
    return 2 * dy
