r"""Adaptive max-pooling: the size of the output is given, and of each window the largest entry.

$$y_{ncab} = \max_{s_a \le p < e_a,\; s_b \le q < e_b} x_{ncpq}, \qquad
s_a = \lfloor a H / h \rfloor, \quad e_a = \lceil (a + 1) H / h \rceil$$

Windows may overlap, so an entry that wins several collects from each. Of entries that tie the first
in reading order wins.

He, Zhang, Ren and Sun, "Spatial pyramid pooling in deep convolutional networks for visual
recognition", 2014.
"""

import numpy as np

from derivations.spatial.max_pool2d import max_pool2d
from gradcheck import choice, derivation, identity, integers, options

SMALL = {"n": (1, 2), "c": (1, 2), "H": (1, 5), "W": (1, 5)}


def bounds(size, target):
    r"""$(s_a, e_a)$ for each of ``target`` windows."""
    return [(a * size // target, -(-(a + 1) * size // target)) for a in range(target)]


def windows(x, h, w):
    """Each output place ``(a, b)`` and its window, ``(n, c, rows, columns)``."""
    for a, rows in enumerate(bounds(x.shape[2], h)):
        for b, columns in enumerate(bounds(x.shape[3], w)):
            yield (..., a, b), (..., slice(*rows), slice(*columns))


@options(sizes=SMALL)
@derivation(x="n c H W", h=integers(low=1, high="H+1"), w=integers(low=1, high="W+1"))
def adaptive_max_pool2d(x, h, w):
    r"""``(n, c, H, W)`` gives ``(n, c, h, w)``."""
    y = np.empty((*x.shape[:2], h, w))
    for place, window in windows(x, h, w):
        y[place] = x[window].max(axis=(2, 3))
    return y


@adaptive_max_pool2d.vjp
def backward(dy, x, h, w):
    r"""Every window adds its $dy$ at its first largest entry; shaped as ``x``."""
    dx = np.zeros_like(x)
    for place, window in windows(x, h, w):
        seen = x[window]
        flat = seen.reshape(*seen.shape[:2], -1)
        winner = np.arange(flat.shape[-1]) == flat.argmax(axis=-1)[..., np.newaxis]
        dx[window] += dy[place][..., np.newaxis, np.newaxis] * winner.reshape(seen.shape)
    return dx


@identity(x="n c 6 4", window=choice(1, 2))
def equal_windows(x, window):
    r"""Where the size divides evenly it is max-pooling with $s = k$."""
    return adaptive_max_pool2d(x, 6 // window, 4 // window), max_pool2d(x, window, window)


@options(sizes=SMALL)
@identity(x="n c H W")
def every_pixel_its_own_window(x):
    r"""To the size of the input nothing happens, and the rule is the identity; shaped as ``x``."""
    h, w = x.shape[2:]
    return adaptive_max_pool2d(x, h, w), backward(x, x, h, w), x
