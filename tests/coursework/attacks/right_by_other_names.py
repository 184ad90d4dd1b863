# tries: nothing: its parameters are called otherwise
# earns: all
# ends: passed
def square_backward(grad_output, inputs):
    return 2 * inputs * grad_output


def honest(dy):
    return 2 * dy
