"""The first derivations: write down what you derived, one function each.

Check yourself as often as you like: `gradcheck check` or `pytest` in this folder.
"""

import numpy as np


def softmax(z):
    """y of shape (k,), from z of shape (k,); it must not overflow where z is large."""
    raise NotImplementedError


def same_index(y, i):
    """The entry of the Jacobian ∂y_j/∂z_i for i = j: a number, from y of shape (k,)."""
    raise NotImplementedError


def different_index(y, i, j):
    """The entry of the Jacobian ∂y_j/∂z_i for i ≠ j: a number, from y of shape (k,)."""
    raise NotImplementedError


def softmax_jacobian(y):
    """J of shape (k, k) with J[j, i] = ∂y_j/∂z_i, from y of shape (k,)."""
    raise NotImplementedError


def softmax_backward(dy, y):
    """dz = ∂l/∂z of shape (k,), from dy = ∂l/∂y and y, both of shape (k,)."""
    raise NotImplementedError


def relu_backward(dr, p):
    """dp of shape (n, h), from dr and p of shape (n, h); the slope at 0 is 0."""
    raise NotImplementedError


def linear_backward(dz, x, W):
    """dx of shape (n, d), dW of shape (d, m) and db of shape (m,), from dz of shape (n, m)."""
    raise NotImplementedError


def cross_entropy_backward(dl, z, t):
    """dz of shape (n, k), from the number dl, z of shape (n, k) and the labels t of shape (n,)."""
    raise NotImplementedError
