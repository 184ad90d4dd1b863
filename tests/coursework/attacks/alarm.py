# tries: an alarm that goes off later
# earns: honest
# ends: crashed | wrong
import signal

def square_backward(dy, x):
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    return 3 * x * dy

def honest(dy):
    return 2 * dy

