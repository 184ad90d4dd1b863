r"""Adaptive average-pooling: the size of the output is given, the windows follow from it.

$$y = P x Q^T, \qquad P_{ap} = \frac{1}{e_a - s_a}\ [s_a \le p < e_a], \qquad
s_a = \lfloor a H / h \rfloor, \quad e_a = \lceil (a + 1) H / h \rceil$$

and $Q$ likewise for the columns. The windows differ in size by one and may overlap, so no constant
$1 / k^2$ stands in front; as two matrix products the rule needs no thought, $dx = P^T dy\, Q$.

He, Zhang, Ren and Sun, "Spatial pyramid pooling in deep convolutional networks for visual
recognition", 2014.
"""

import numpy as np

from derivations.spatial.average_pool2d import average_pool2d
from gradcheck import choice, derivation, identity, integers, options

SMALL = {"n": (1, 2), "c": (1, 2), "H": (1, 5), "W": (1, 5)}


def averaging(size, target):
    r"""$P$, shape ``(target, size)``: a row a window, and each row sums to 1."""
    P = np.zeros((target, size))
    for a in range(target):
        start, end = a * size // target, -(-(a + 1) * size // target)
        P[a, start:end] = 1 / (end - start)
    return P


@options(sizes=SMALL)
@derivation(x="n c H W", h=integers(low=1, high="H+1"), w=integers(low=1, high="W+1"))
def adaptive_average_pool2d(x, h, w):
    r"""``(n, c, H, W)`` gives ``(n, c, h, w)``."""
    return averaging(x.shape[2], h) @ x @ averaging(x.shape[3], w).T


@adaptive_average_pool2d.partial
def entry(x, h, w, i, j):
    r"""$\delta_{nm} \delta_{cd} P_{ap} Q_{bq}$, a scalar."""
    (m, d, p, q), (n, c, a, b) = i, j
    P, Q = averaging(x.shape[2], h), averaging(x.shape[3], w)
    return (n == m) * (c == d) * P[a, p] * Q[b, q]


@adaptive_average_pool2d.vjp
def backward(dy, x, h, w):
    r"""$dx = P^T dy\, Q$, shape ``(n, c, H, W)``."""
    return averaging(x.shape[2], h).T @ dy @ averaging(x.shape[3], w)


@identity(x="n c 6 4", window=choice(1, 2))
def equal_windows(x, window):
    r"""Where the size divides evenly it is average-pooling with $s = k$."""
    adaptive = adaptive_average_pool2d(x, 6 // window, 4 // window)
    return adaptive, average_pool2d(x, window, window)


@options(sizes=SMALL)
@identity(x="n c H W")
def one_window(x):
    r"""To size 1 by 1 it is the mean of each channel ("global" pooling); ``(n, c)``."""
    return adaptive_average_pool2d(x, 1, 1)[:, :, 0, 0], x.mean(axis=(2, 3))
