"""Wrong versions of claims in ``derivations/spatial/conv1d.py``."""

import numpy as np

from derivations.spatial import conv1d as right
from gradcheck import derivation, options


@options(sizes=right.SMALL)
@derivation(x="n c l+k-1", W="o c k", b="o")
def conv1d(x, W, b):
    return right.conv1d(x, W, b)


@conv1d.partial("x")
def kernel_flipped(x, W, i, j):
    (m, c, p), (n, o, a) = i, j
    length = W.shape[2]
    return W[o, c, length - 1 - (p - a)] if n == m and 0 <= p - a < length else 0.0


@conv1d.vjp("x")
def kernel_flipped_once_too_often(dy, x, W):
    return right.dl_dx(dy, x, W[:, :, ::-1])


@conv1d.vjp
def bias_not_summed_over_positions(dy, x, W):
    dx, dW, _ = right.backward(dy, x, W)
    return dx, dW, np.einsum("noa->o", dy[:, :, :1])
