# tries: methods of the server in the running script
# earns: honest
# ends: wrong | crashed | broken protocol
import sys

main = sys.modules["__main__"]
main._Server._answer = lambda self, unit, arguments, most: unit(list(arguments)) * 1.0


def square_backward(dy, x):
    return dy


def honest(dy):
    return 2 * dy
