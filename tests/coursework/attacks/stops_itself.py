# tries: to stop itself and be waited for
# earns: honest
# ends: timed out
# waits: yes
import os, signal
def square_backward(dy, x):
    os.kill(os.getpid(), signal.SIGSTOP)
    return 2*x*dy

def honest(dy):
    return 2 * dy
