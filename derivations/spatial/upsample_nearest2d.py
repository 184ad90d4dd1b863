r"""Up-sampling by repetition: each pixel becomes a block.

$$y_{ncab} = x_{n,\,c,\,\lfloor a / k \rfloor,\,\lfloor b / k \rfloor}, \qquad
dx_{ncpq} = \sum_{a, b < k} dy_{n,\,c,\,kp + a,\,kq + b}$$

Each pixel is used $k^2$ times, so its gradient is the sum over its block, not one corner of it.

Odena, Dumoulin and Olah, "Deconvolution and checkerboard artifacts", 2016.
"""

from derivations.spatial.average_pool2d import average_pool2d
from derivations.spatial.average_pool2d import backward as average_backward
from gradcheck import choice, derivation, identity, options

SMALL = {"n": (1, 2), "c": (1, 2), "h": (1, 3), "w": (1, 3)}
FACTOR = choice(1, 2, 3)


@options(sizes=SMALL)
@derivation(x="n c h w", factor=FACTOR)
def upsample_nearest2d(x, factor):
    r"""``(n, c, h, w)`` gives ``(n, c, k h, k w)``."""
    return x.repeat(factor, axis=2).repeat(factor, axis=3)


@upsample_nearest2d.partial
def entry(factor, i, j):
    r"""1 where the output pixel is a copy of the input pixel, else 0; a scalar."""
    (n, c, p, q), (m, d, a, b) = i, j
    return float((n, c, p, q) == (m, d, a // factor, b // factor))


@upsample_nearest2d.vjp
def backward(dy, x, factor):
    r"""The sum of each block, shape ``(n, c, h, w)``."""
    n, c, h, w = x.shape
    return dy.reshape(n, c, h, factor, w, factor).sum(axis=(3, 5))


@upsample_nearest2d.jvp
def forward_mode(dx, factor):
    r"""Linear, so it is its own forward rule."""
    return upsample_nearest2d(dx, factor)


@options(sizes=SMALL)
@identity(x="n c h w", factor=FACTOR)
def pooling_undoes_it(x, factor):
    r"""The average of a block of copies is what was copied; ``(n, c, h, w)``."""
    return average_pool2d(upsample_nearest2d(x, factor), factor, factor), x


@options(sizes=SMALL)
@identity(x="n c h w", factor=FACTOR)
def backward_pass_of_pooling(x, factor):
    r"""$y = k^2$ times the backward pass of average-pooling: they are adjoint."""
    y = upsample_nearest2d(x, factor)
    return y, factor**2 * average_backward(x, y, factor, factor)
