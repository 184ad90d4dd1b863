# tries: builtins that always agree
# earns: nothing
# ends: wrong | crashed | broken protocol
import builtins

builtins.abs = lambda x: 0
builtins.all = builtins.any = lambda xs: True
builtins.isinstance = lambda *args: True
builtins.len = lambda x: 1


def square_backward(dy, x):
    return dy


def honest(dy):
    return 2 * dy
