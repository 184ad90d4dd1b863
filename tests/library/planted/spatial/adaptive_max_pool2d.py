"""Wrong versions of claims in ``derivations/spatial/adaptive_max_pool2d.py``."""

import numpy as np

from derivations.spatial import adaptive_max_pool2d as right
from gradcheck import derivation, integers, options


@options(sizes=right.SMALL)
@derivation(x="n c H W", h=integers(low=1, high="H+1"), w=integers(low=1, high="W+1"))
def adaptive_max_pool2d(x, h, w):
    return right.adaptive_max_pool2d(x, h, w)


@adaptive_max_pool2d.vjp
def overlapping_windows_overwrite(dy, x, h, w):
    dx = np.zeros_like(x)
    for place, window in right.windows(x, h, w):
        largest = x[window].max(axis=(2, 3), keepdims=True)
        dx[window] = dy[place][..., np.newaxis, np.newaxis] * (x[window] == largest)
    return dx
