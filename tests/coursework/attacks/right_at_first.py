# tries: right until it has been called sixty times
# earns: honest
# ends: wrong
n = 0
def square_backward(dy, x):
    global n
    n += 1
    return 2*x*dy if n < 60 else 2.01*x*dy

def honest(dy):
    return 2 * dy
