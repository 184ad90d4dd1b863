"""Texts of derivation files, right and wrong."""

RIGHT = """
import numpy as np
from gradcheck import derivation, identity, real

@derivation(z="k")
def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()

@identity(z="k", c=real())
def shift_invariance(z, c):
    return softmax(z + c), softmax(z)

@softmax.vjp
def backward(dy, y):
    return y * (dy - dy @ y)
"""
WRONG = """
import numpy as np
from gradcheck import derivation

@derivation(z="k")
def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()

@softmax.vjp
def backward(dy, y):
    return y * (dy + dy @ y)
"""
#: The function overflows at most points, so nothing can be said about its rule.
UNDECIDED = """
import numpy as np
from gradcheck import derivation

@derivation(x="k")
def overflows(x):
    return np.exp(1e5 * np.abs(x) + 1e5)

@overflows.vjp
def rule(dy, y, x):
    return dy * 1e5 * np.sign(x) * y
"""
#: One claim that is wrong, and one that takes long.
SLOW = """
import time

import numpy as np
from gradcheck import derivation

@derivation(z="k")
def double(z):
    return 2 * z

@double.vjp
def wrong(dy):
    return 3 * dy

@double.vjp
def slow(dy):
    time.sleep(0.2)
    return 2 * dy
"""
