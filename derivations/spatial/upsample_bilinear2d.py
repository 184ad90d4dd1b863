r"""Bilinear up-sampling: each new pixel is a weighted mean of its four neighbours.

$$y = U x V^T, \qquad U_{a, \lfloor u \rfloor} = 1 - (u - \lfloor u \rfloor), \quad
U_{a, \lfloor u \rfloor + 1} = u - \lfloor u \rfloor$$

$u$ is where output row $a$ lies among the input rows: $(a + \frac12) H / h - \frac12$ between pixel
centres, kept inside the image; or $a (H - 1) / (h - 1)$ where the corners are aligned. As two
matrix products the rule needs no thought, $dx = U^T dy\, V$.

Long, Shelhamer and Darrell, "Fully convolutional networks for semantic segmentation", 2015.
"""

import numpy as np

from derivations.spatial.upsample_nearest2d import upsample_nearest2d
from gradcheck import choice, derivation, identity, options

SMALL = {"n": (1, 2), "c": (1, 2), "h": (1, 4), "w": (1, 4)}
HALF = 0.5  # from the corner of a pixel to its centre


def positions(size, factor, align_corners):
    """Where each of ``factor * size`` output rows lies among ``size`` input rows."""
    target = factor * size
    if align_corners:
        return np.arange(target) * (size - 1) / max(target - 1, 1)
    return np.clip((np.arange(target) + HALF) / factor - HALF, 0, size - 1)


def interpolation(size, factor, align_corners):
    r"""$U$, shape ``(factor * size, size)``; each row sums to 1."""
    u = positions(size, factor, align_corners)
    # A row on a pixel has that pixel's weight alone; the hat function says it in one line.
    return np.maximum(0, 1 - np.abs(u[:, np.newaxis] - np.arange(size)))


@options(sizes=SMALL)
@derivation(x="n c h w", factor=choice(1, 2, 3), align_corners=choice(False, True))
def upsample_bilinear2d(x, factor, align_corners):
    r"""``(n, c, h, w)`` gives ``(n, c, k h, k w)``."""
    U = interpolation(x.shape[2], factor, align_corners)
    V = interpolation(x.shape[3], factor, align_corners)
    return U @ x @ V.T


@upsample_bilinear2d.vjp
def backward(dy, x, factor, align_corners):
    r"""$dx = U^T dy\, V$, shape ``(n, c, h, w)``."""
    U = interpolation(x.shape[2], factor, align_corners)
    V = interpolation(x.shape[3], factor, align_corners)
    return U.T @ dy @ V


@upsample_bilinear2d.jvp
def forward_mode(dx, factor, align_corners):
    r"""Linear, so it is its own forward rule."""
    return upsample_bilinear2d(dx, factor, align_corners)


@identity(x="h w", factor=choice(1, 2, 3), align_corners=choice(False, True))
def four_neighbours(x, factor, align_corners):
    r"""The textbook form: two interpolations along a row, then one between them; ``(k h, k w)``."""
    h, w = x.shape
    u, v = positions(h, factor, align_corners), positions(w, factor, align_corners)
    top, left = u.astype(int), v.astype(int)
    bottom, right = np.minimum(top + 1, h - 1), np.minimum(left + 1, w - 1)
    down, along = (u - top)[:, np.newaxis], v - left
    upper = x[top][:, left] * (1 - along) + x[top][:, right] * along
    lower = x[bottom][:, left] * (1 - along) + x[bottom][:, right] * along
    y = upsample_bilinear2d(x[np.newaxis, np.newaxis], factor, align_corners)[0, 0]
    return y, upper * (1 - down) + lower * down


@identity(x="n c 1 1", factor=choice(2, 3), align_corners=choice(False, True))
def one_pixel(x, factor, align_corners):
    r"""Of one pixel there are only copies, as for the nearest neighbour."""
    return upsample_bilinear2d(x, factor, align_corners), upsample_nearest2d(x, factor)
