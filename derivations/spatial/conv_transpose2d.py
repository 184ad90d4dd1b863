r"""Transposed convolution in two dimensions: the backward pass of ``conv2d`` used forward.

$$\tilde y_{n,\,o,\,sa + p,\,sb + q} \mathrel{+}= x_{ncab} W_{copq}, \qquad
dx_{ncab} = \sum_{o,p,q} d\tilde y_{n,\,o,\,sa + p,\,sb + q} W_{copq}$$

$y$ is $\tilde y$ without ``padding`` rows and columns at each edge. Not an inverse
("deconvolution") but the adjoint of a convolution; hence its own backward pass is a convolution.

Source: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016.
"""

import numpy as np

from derivations.spatial.conv2d import conv2d, padded, taps
from derivations.spatial.conv2d import dl_dx as conv2d_backward
from gradcheck import choice, derivation, identity, options

SMALL = {
    "n": (1, 2), "c": (1, 2), "o": (1, 2), "h": (1, 3), "w": (1, 3), "kh": (1, 2), "kw": (1, 2),
}  # fmt: skip
# Kernels of 3 and more: with a smaller one and padding, nothing would be left of one pixel.
WEIGHTS = "c o kh+2 kw+2"


@options(sizes=SMALL)
@derivation(x="n c h w", W=WEIGHTS, b="o", stride=choice(1, 2, 3), padding=choice(0, 1))
def conv_transpose2d(x, W, b, stride=1, padding=0):
    r"""``(n, c, h, w)``, ``(c, o, kh, kw)``, ``(o,)`` give ``(n, o, h', w')``.

    $h' = (h - 1) s - 2 \, \text{padding} + k_h$, and likewise $w'$.
    """
    n, _, h, w = x.shape
    _, o, kh, kw = W.shape
    y = np.zeros((n, o, (h - 1) * stride + kh, (w - 1) * stride + kw))
    for (p, q), here in taps((kh, kw), (h, w), stride, 1):
        y[here] += np.einsum("nchw,co->nohw", x, W[:, :, p, q])
    rows, columns = y.shape[2] - 2 * padding, y.shape[3] - 2 * padding
    y = y[:, :, padding : padding + rows, padding : padding + columns]
    return y + b[:, np.newaxis, np.newaxis]


@conv_transpose2d.vjp
def backward(dy, x, W, stride=1, padding=0):
    r"""The gradients of ``x``, ``W`` and ``b``: what was scattered is gathered.

    What the padding cut off reached no output: its cotangent is 0.
    """
    upstream = padded(dy, padding)
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    for (p, q), here in taps(W.shape[2:], x.shape[2:], stride, 1):
        dx += np.einsum("nohw,co->nchw", upstream[here], W[:, :, p, q])
        dW[:, :, p, q] = np.einsum("nohw,nchw->co", upstream[here], x)
    return dx, dW, dy.sum(axis=(0, 2, 3))


@options(sizes=SMALL)
@identity(x="n c h w", W=WEIGHTS, stride=choice(1, 2, 3), padding=choice(0, 1))
def backward_pass_of_conv2d(x, W, stride, padding):
    r"""$\mathrm{conv}^T(x)$ is the gradient $dx$ of a convolution whose cotangent is $x$.

    The shape is that of ``conv_transpose2d(x, W, 0)``.
    """
    y = conv_transpose2d(x, W, np.zeros(W.shape[1]), stride, padding)
    return y, conv2d_backward(x, np.zeros_like(y), W, stride, padding)


@options(sizes=SMALL)
@identity(x="n c h w", W=WEIGHTS, stride=choice(1, 2, 3), padding=choice(0, 1))
def its_backward_is_a_convolution(x, W, stride, padding):
    r"""$dx = \mathrm{conv}(dy)$ with the same kernel and stride; here $dy = y$; as ``x``."""
    dy = conv_transpose2d(x, W, np.zeros(W.shape[1]), stride, padding)
    dx = backward(dy, x, W, stride, padding)[0]
    return dx, conv2d(dy, W, np.zeros(len(W)), stride, padding)
