# tries: a timer that ends the process while the next part is asked for
# earns: honest
# ends: crashed | wrong
import os, threading

def square_backward(dy, x):
    threading.Timer(0.004, lambda: os._exit(0)).start()
    return 3 * x * dy

def honest(dy):
    return 2 * dy

