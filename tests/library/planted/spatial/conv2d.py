"""Wrong versions of claims in ``derivations/spatial/conv2d.py``."""

import numpy as np

from derivations.spatial import conv2d as right
from gradcheck import choice, derivation, options


@options(sizes=right.SMALL)
@derivation(
    x=right.IMAGE,
    W="g*o c kh kw",
    b="g*o",
    stride=choice(1, 2),
    padding=choice(0, 1),
    dilation=choice(1, 2),
)
def conv2d(x, W, b, stride=1, padding=0, dilation=1):
    return right.conv2d(x, W, b, stride, padding, dilation)


@conv2d.vjp("x")
def crop_that_is_empty_without_padding(dy, x, W, stride, padding, dilation):
    wide = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dx = right.dl_dx(dy, wide, W, stride, 0, dilation)
    return dx[:, :, padding:-padding, padding:-padding]


@conv2d.vjp("x")
def stride_forgotten(dy, x, W, stride, padding, dilation):
    return right.dl_dx(dy, x, W, 1, padding, dilation)


@conv2d.vjp("W")
def dilation_forgotten(dy, x, W, stride, padding, dilation):
    return right.dl_dW(dy, x, W, stride, padding, 1)


@conv2d.vjp
def height_and_width_exchanged(dy, x, W, stride, padding, dilation):
    dx, dW, db = right.backward(dy, x, W, stride, padding, dilation)
    return dx, dW.swapaxes(2, 3).reshape(W.shape), db
