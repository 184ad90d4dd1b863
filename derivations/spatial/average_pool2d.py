r"""Average-pooling: of each window the mean.

$$y_{ncab} = \frac{1}{k^2} \sum_{p,q} x_{n,\,c,\,sa + p,\,sb + q}, \qquad
dx_{n,\,c,\,sa + p,\,sb + q} \mathrel{+}= \frac{1}{k^2}\, dy_{ncab}$$

It divides by the size of the window, not of the output, and is linear.

LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998.
"""

import numpy as np

from derivations.spatial.conv2d import conv2d, taps
from gradcheck import choice, derivation, identity, options

SMALL = {"n": (1, 2), "c": (1, 2), "h": (1, 4), "w": (1, 4)}
# At least 3 rows and columns, so that a window of 3 fits.
GEOMETRY = {"x": "n c h+2 w+2", "window": choice(1, 2, 3), "stride": choice(1, 2, 3)}


@options(sizes=SMALL)
@derivation(**GEOMETRY)
def average_pool2d(x, window, stride):
    r"""``(n, c, H, W)`` gives ``(n, c, h', w')`` with $h' = \lfloor (H - k) / s \rfloor + 1$."""
    size = [(n - window) // stride + 1 for n in x.shape[2:]]
    return sum(x[here] for _, here in taps((window, window), size, stride, 1)) / window**2


@average_pool2d.partial
def entry(window, stride, i, j):
    r"""$1 / k^2$ where the entry lies in the window, else 0; a scalar."""
    (n, c, row, column), (m, d, a, b) = i, j
    inside = 0 <= row - stride * a < window and 0 <= column - stride * b < window
    return (n == m) * (c == d) * inside / window**2


@average_pool2d.vjp
def backward(dy, x, window, stride):
    r"""$dx$, shaped as ``x``: every window adds $dy / k^2$ to each of its entries."""
    dx = np.zeros_like(x)
    for _, here in taps((window, window), dy.shape[2:], stride, 1):
        dx[here] += dy / window**2
    return dx


@average_pool2d.jvp
def forward_mode(dx, window, stride):
    r"""Linear, so it is its own forward rule; shape ``(n, c, h', w')``."""
    return average_pool2d(dx, window, stride)


@options(sizes=SMALL)
@identity(**GEOMETRY)
def a_convolution(x, window, stride):
    r"""Each channel by itself with a constant kernel: $c$ groups; ``(n, c, h', w')``."""
    channels = x.shape[1]
    kernel = np.full((channels, 1, window, window), 1 / window**2)
    return average_pool2d(x, window, stride), conv2d(x, kernel, np.zeros(channels), stride)


@options(sizes=SMALL)
@identity(x="n c h+2 w+2", window=choice(1, 2, 3))
def nothing_is_lost(x, window):
    r"""Each window gives out the whole of its cotangent: $\sum dx = \sum dy$; two scalars."""
    y = average_pool2d(x, window, 1)
    return backward(y, x, window, 1).sum(), y.sum()
