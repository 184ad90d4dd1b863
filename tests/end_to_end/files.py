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
