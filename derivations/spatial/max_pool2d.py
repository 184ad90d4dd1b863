r"""Max-pooling: of each window the largest entry.

$$y_{ncab} = \max_{p,q} x_{n,\,c,\,sa + p,\,sb + q}$$

The gradient goes to the entry that was the largest. Where several tie there is a kink, and the
first in reading order gets all of it here, as ``argmax`` finds it; where windows overlap, an entry
collects from each window that it won, so the rule adds and does not assign.

Scherer, Müller and Behnke, "Evaluation of pooling operations in convolutional architectures for
object recognition", 2010.
"""

import numpy as np

from derivations.spatial.conv2d import taps
from gradcheck import choice, derivation, identity, integers, options

SMALL = {"n": (1, 2), "c": (1, 2), "h": (1, 4), "w": (1, 4)}
# At least 3 rows and columns, so that a window of 3 fits.
GEOMETRY = {"x": "n c h+2 w+2", "window": choice(1, 2, 3), "stride": choice(1, 2, 3)}


def windows(x, window, stride):
    """The entries of each window along a new last axis, ``(n, c, h', w', window²)``."""
    size = [(n - window) // stride + 1 for n in x.shape[2:]]
    places = taps((window, window), size, stride, 1)
    return np.stack([x[here] for _, here in places], axis=-1)


@options(sizes=SMALL)
@derivation(**GEOMETRY)
def max_pool2d(x, window, stride):
    r"""``(n, c, H, W)`` gives ``(n, c, h', w')`` with $h' = \lfloor (H - k) / s \rfloor + 1$."""
    return windows(x, window, stride).max(axis=-1)


@max_pool2d.vjp
def backward(dy, x, window, stride):
    r"""$dx$, shaped as ``x``: every window adds its $dy$ at its first largest entry."""
    winner = windows(x, window, stride).argmax(axis=-1)
    dx = np.zeros_like(x)
    for number, (_, here) in enumerate(taps((window, window), dy.shape[2:], stride, 1)):
        dx[here] += dy * (winner == number)
    return dx


@max_pool2d.jvp
def forward_mode(dx, x, window, stride):
    r"""$\dot y$ is the tangent of the winner, shape ``(n, c, h', w')``."""
    winner = windows(x, window, stride).argmax(axis=-1)
    tangents = windows(dx, window, stride)
    return np.take_along_axis(tangents, winner[..., np.newaxis], axis=-1)[..., 0]


# Small whole numbers, so that ties are met: there the rule is a convention, not a derivative.
@options(sizes=SMALL)
@identity(x=integers("n c h+2 w+2", low=-1, high=2), window=choice(1, 2, 3), stride=choice(1, 2))
def one_winner_a_window(x, window, stride):
    r"""A cotangent of ones gives out a one for each window, ties or not: two scalars."""
    y = max_pool2d(x, window, stride)
    return backward(np.ones(y.shape), 1.0 * x, window, stride).sum(), float(y.size)


@options(sizes=SMALL)
@identity(**GEOMETRY)
def homogeneous(x, window, stride):
    r"""$\langle dx, x \rangle = \langle dy, y \rangle$ with $dy = y$: Euler's identity."""
    y = max_pool2d(x, window, stride)
    return (backward(y, x, window, stride) * x).sum(), (y * y).sum()
