r"""Pixel shuffle: channels moved into space, as in super-resolution.

$$y_{n,\,c,\,rp + a,\,rq + b} = x_{n,\,r^2 c + r a + b,\,p,\,q}$$

Nothing is computed, entries change places; the backward rule puts them back.
Source: W. Shi et al., "Real-time single image and video super-resolution using an efficient
sub-pixel convolutional neural network", 2016.
"""

import numpy as np

from derivations.spatial.upsample_nearest2d import upsample_nearest2d
from gradcheck import derivation, identity, options

SMALL = {"n": (1, 2), "c": (1, 2), "h": (1, 3), "w": (1, 3)}
R = 2  # the factor: four channels become one


@options(sizes=SMALL)
@derivation(x="n 4*c h w")
def pixel_shuffle(x):
    r"""``(n, 4 c, h, w)`` gives ``(n, c, 2 h, 2 w)``."""
    n, channels, h, w = x.shape
    blocks = x.reshape(n, channels // R**2, R, R, h, w)
    return blocks.transpose(0, 1, 4, 2, 5, 3).reshape(n, -1, R * h, R * w)


@pixel_shuffle.vjp
def backward(dy, x):
    r"""The inverse permutation, shape ``(n, 4 c, h, w)``."""
    n, channels, h, w = x.shape
    blocks = dy.reshape(n, channels // R**2, h, R, w, R)
    return blocks.transpose(0, 1, 3, 5, 2, 4).reshape(x.shape)


@pixel_shuffle.partial
def entry(i, j):
    r"""1 where the output pixel is that input pixel, else 0; a scalar."""
    n, c, row, column = j
    source = (n, R**2 * c + R * (row % R) + column % R, row // R, column // R)
    return float(i == source)


@options(sizes=SMALL)
@identity(x="n c h w")
def four_copies(x):
    r"""Of four equal channels it makes the nearest-neighbour up-sampling; ``(n, c, 2 h, 2 w)``."""
    return pixel_shuffle(x.repeat(R**2, axis=1)), upsample_nearest2d(x, R)


@options(sizes=SMALL)
@identity(x="n 4*c h w")
def backward_is_the_inverse(x):
    r"""$P^T P x = x$, shaped as ``x``."""
    return backward(pixel_shuffle(x), x), x, np.copy(x)
