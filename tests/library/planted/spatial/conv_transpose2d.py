"""Wrong versions of claims in ``derivations/spatial/conv_transpose2d.py``."""

import numpy as np

from derivations.spatial import conv_transpose2d as right
from gradcheck import choice, derivation, options


@options(sizes=right.SMALL)
@derivation(x="n c h w", W=right.WEIGHTS, b="o", stride=choice(1, 2, 3), padding=choice(0, 1))
def conv_transpose2d(x, W, b, stride=1, padding=0):
    return right.conv_transpose2d(x, W, b, stride, padding)


@conv_transpose2d.vjp
def bias_seen_by_the_cut_off_edge_too(dy, x, W, stride, padding):
    dx, dW, db = right.backward(dy, x, W, stride, padding)
    rows, columns = (n + 2 * padding for n in dy.shape[2:])
    return dx, dW, db * (rows * columns) / dy[0, 0].size


@conv_transpose2d.vjp
def kernel_flipped(dy, x, W, stride, padding):
    dx, dW, db = right.backward(dy, x, np.flip(W, axis=(2, 3)), stride, padding)
    return dx, dW, db
