# tries: memory in many processes
# earns: honest
# ends: wrong | over a limit | crashed | timed out | broken protocol
import os
import time


def square_backward(dy, x):
    for _ in range(64):
        if os.fork() == 0:
            kept = bytearray(1 << 27)
            time.sleep(60)
            os._exit(len(kept) % 2)
    return dy


def honest(dy):
    return 2 * dy
