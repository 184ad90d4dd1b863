r"""The running sum, whose backward rule is a running sum from the other end.

$$y_j = \sum_{m \le j} x_m, \qquad \frac{\partial y_j}{\partial x_i} = [i \le j], \qquad
dx_i = \sum_{j \ge i} dy_j$$

Blelloch, "Prefix sums and their applications", 1990.
"""

import numpy as np

from gradcheck import derivation, identity


@derivation(x="k")
def cumulative_sum(x):
    r"""$y_j = x_1 + \dots + x_j$; ``x`` and the result are ``(k,)``."""
    return np.cumsum(x)


@cumulative_sum.partial(where=lambda i, j: i <= j)
def sees_it():
    r"""1 from $i$ onwards, a scalar."""
    return 1.0


@cumulative_sum.partial(where=lambda i, j: i > j)
def before_it():
    r"""0 before, a scalar: a running sum does not look ahead."""
    return 0.0


@cumulative_sum.column
def column(x, i):
    r"""$\partial y / \partial x_i = (0, \dots, 0, 1, \dots, 1)$, the first 1 at $i$; ``(k,)``."""
    return 1.0 * (np.arange(len(x)) >= i)


@cumulative_sum.jacobian
def jacobian(x):
    r"""The lower triangle of ones, shape ``(k, k)``."""
    return np.tri(len(x))


@cumulative_sum.vjp
def backward(dy):
    r"""$dx_i = \sum_{j \ge i} dy_j$, shape ``(k,)``: sum from the end."""
    return np.cumsum(dy[::-1])[::-1]


@cumulative_sum.jvp
def forward_mode(dx):
    r"""Linear, so it is its own forward rule; ``(k,)``."""
    return np.cumsum(dx)


@identity(dy="k")
def total_less_what_came_before(dy):
    r"""$\sum_{j \ge i} dy_j = \sum_j dy_j - \sum_{j < i} dy_j$, without reversing; ``(k,)``."""
    return backward(dy), dy.sum() - np.cumsum(dy) + dy


@identity(x="k")
def differences_undo_it(x):
    r"""$y_j - y_{j-1} = x_j$, shape ``(k,)``."""
    return np.diff(cumulative_sum(x), prepend=0.0), x
