"""Wrong versions of claims in ``derivations/spatial/average_pool2d.py``."""

import numpy as np

from derivations.spatial import average_pool2d as right
from derivations.spatial.conv2d import taps
from gradcheck import derivation, options


@options(sizes=right.SMALL)
@derivation(**right.GEOMETRY)
def average_pool2d(x, window, stride):
    return right.average_pool2d(x, window, stride)


@average_pool2d.vjp
def divided_by_the_size_of_the_output(dy, x, window, stride):
    return right.backward(dy, x, window, stride) * window**2 / dy[0, 0].size


@average_pool2d.vjp
def overlapping_windows_overwrite(dy, x, window, stride):
    dx = np.zeros_like(x)
    for _, here in taps((window, window), dy.shape[2:], stride, 1):
        dx[here] = dy / window**2
    return dx
