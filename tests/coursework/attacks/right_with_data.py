# tries: nothing: it reads a file of the student's own at its end
# earns: all
# ends: passed
def square_backward(dy, x):
    return 2 * x * dy


data = open('my_measurements.csv').read()


def honest(dy):
    return 2 * dy
