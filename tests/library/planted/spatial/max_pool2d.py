"""Wrong versions of claims in ``derivations/spatial/max_pool2d.py``."""

import numpy as np

from derivations.spatial import max_pool2d as right
from derivations.spatial.conv2d import taps
from gradcheck import choice, derivation, identity, integers, options


@options(sizes=right.SMALL)
@derivation(**right.GEOMETRY)
def max_pool2d(x, window, stride):
    return right.max_pool2d(x, window, stride)


@max_pool2d.vjp
def assigned_where_windows_overlap(dy, x, window, stride):
    winner = right.windows(x, window, stride).argmax(axis=-1)
    dx = np.zeros_like(x)
    for number, (_, here) in enumerate(taps((window, window), dy.shape[2:], stride, 1)):
        dx[here] = np.where(winner == number, dy, dx[here])
    return dx


@max_pool2d.vjp
def stride_forgotten(dy, x, window, stride):
    winner = right.windows(x, window, stride).argmax(axis=-1)
    dx = np.zeros_like(x)
    for number, (_, here) in enumerate(taps((window, window), dy.shape[2:], 1, 1)):
        dx[here] += dy * (winner == number)
    return dx


@options(sizes=right.SMALL)
@identity(x=integers("n c h+2 w+2", low=-1, high=2), window=choice(1, 2, 3), stride=choice(1, 2))
def every_tie_wins(x, window, stride):
    y = right.max_pool2d(x, window, stride)
    winners = right.windows(x, window, stride) == y[..., np.newaxis]
    return 1.0 * winners.sum(), float(y.size)
