r"""Convolution in two dimensions with stride, padding, dilation and groups.

$$y_{noab} = b_o + \sum_{c,p,q} \tilde x_{n,\,c,\,sa + \delta p,\,sb + \delta q}\, W_{ocpq}$$

$\tilde x$ is $x$ with ``padding`` zeros around it, $s$ the stride, $\delta$ the dilation. With $g$
groups the channels of $x$ and of $y$ are split into $g$ parts that do not see each other;
the number of groups is read from the shapes, since $W$ has $c$ channels and $x$ has $g c$.

Source: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016.
"""

import numpy as np

from gradcheck import choice, derivation, identity, options

ONE_GROUP = {
    "n": (1, 2), "c": (1, 2), "o": (1, 2), "h": (1, 3), "w": (1, 3), "kh": (1, 3), "kw": (1, 2),
}  # fmt: skip
SMALL = ONE_GROUP | {"g": (1, 2)}
# 2 (kh - 1) + 1 is how far a kernel reaches with dilation 2, so that at least one window fits.
IMAGE = "n g*c h+2*kh-2 w+2*kw-2"


def output_size(size, kernel, stride, padding, dilation):
    r"""$\lfloor (H + 2p - \delta (k - 1) - 1) / s \rfloor + 1$, a whole number."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def padded(x, padding):
    """Zeros around the last two axes."""
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def taps(kernel, size, stride, dilation):
    """Each place ``(p, q)`` of the kernel, and the slices of the image that it sees."""
    for p, q in np.ndindex(*kernel):
        rows = slice(dilation * p, dilation * p + stride * (size[0] - 1) + 1, stride)
        columns = slice(dilation * q, dilation * q + stride * (size[1] - 1) + 1, stride)
        yield (p, q), (..., rows, columns)


def in_groups(x, W):
    """``x`` as ``(n, g, c, …)`` and ``W`` as ``(g, o, c, kh, kw)``."""
    groups = x.shape[1] // W.shape[1]
    return (
        x.reshape(len(x), groups, -1, *x.shape[2:]),
        W.reshape(groups, -1, *W.shape[1:]),
    )


@options(sizes=SMALL)
@derivation(
    x=IMAGE,
    W="g*o c kh kw",
    b="g*o",
    stride=choice(1, 2),
    padding=choice(0, 1),
    dilation=choice(1, 2),
)
def conv2d(x, W, b, stride=1, padding=0, dilation=1):
    r"""``(n, g c, H, W)``, ``(g o, c, kh, kw)`` and ``(g o,)`` give ``(n, g o, h', w')``."""
    kernel = W.shape[2:]
    size = [
        output_size(n, k, stride, padding, dilation)
        for n, k in zip(x.shape[2:], kernel, strict=True)
    ]
    image, weights = in_groups(padded(x, padding), W)
    y = sum(
        np.einsum("ngchw,goc->ngohw", image[here], weights[..., p, q])
        for (p, q), here in taps(kernel, size, stride, dilation)
    )
    return y.reshape(len(x), len(W), *size) + b[:, np.newaxis, np.newaxis]


@conv2d.vjp("x")
def dl_dx(dy, x, W, stride=1, padding=0, dilation=1):
    r"""Each tap sends $dy\, W_{pq}$ back to where it read; the padding is cut off at the end."""
    image, weights = in_groups(padded(x, padding), W)
    upstream = dy.reshape(len(x), weights.shape[0], -1, *dy.shape[2:])
    dimage = np.zeros_like(image)
    for (p, q), here in taps(W.shape[2:], dy.shape[2:], stride, dilation):
        dimage[here] += np.einsum("ngohw,goc->ngchw", upstream, weights[..., p, q])
    rows, columns = x.shape[2:]
    # Not [padding:-padding], which is empty without padding.
    inner = dimage[..., padding : padding + rows, padding : padding + columns]
    return inner.reshape(x.shape)


@conv2d.vjp("W")
def dl_dW(dy, x, W, stride=1, padding=0, dilation=1):
    r"""$dW_{ocpq} = \sum_{n,a,b} dy_{noab}\, \tilde x_{n,c,sa+\delta p,sb+\delta q}$."""
    image, weights = in_groups(padded(x, padding), W)
    upstream = dy.reshape(len(x), weights.shape[0], -1, *dy.shape[2:])
    dweights = np.zeros_like(weights)
    for (p, q), here in taps(W.shape[2:], dy.shape[2:], stride, dilation):
        dweights[..., p, q] = np.einsum("ngohw,ngchw->goc", upstream, image[here])
    return dweights.reshape(W.shape)


@conv2d.vjp("b")
def dl_db(dy):
    r"""$db_o = \sum_{n,a,b} dy_{noab}$, shape ``(g o,)``."""
    return dy.sum(axis=(0, 2, 3))


@conv2d.vjp
def backward(dy, x, W, stride=1, padding=0, dilation=1):
    r"""All three, in order, in the shapes of ``x``, ``W`` and ``b``."""
    geometry = (stride, padding, dilation)
    return dl_dx(dy, x, W, *geometry), dl_dW(dy, x, W, *geometry), dl_db(dy)


def columns(x, kernel):
    """Every window as a row: ``(n, c, H, W)`` becomes ``(n h' w', c kh kw)``; "im2col"."""
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(x), kernel, axis=(2, 3))
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, x.shape[1] * kernel[0] * kernel[1])


@options(sizes=ONE_GROUP)
@identity(x="n c h+kh-1 w+kw-1", W="o c kh kw", b="o")
def a_matrix_product(x, W, b):
    r"""$y = \mathrm{cols}(x)\, W^T + b$ with a window a row; shape ``(n, o, h, w)``."""
    y = conv2d(x, W, b)
    n, o, h, w = y.shape
    flat = columns(x, W.shape[2:]) @ W.reshape(o, -1).T + b
    return y, flat.reshape(n, h, w, o).transpose(0, 3, 1, 2)


@options(sizes=ONE_GROUP)
@identity(x="n c h+kh-1 w+kw-1", W="o c kh kw", dy="n o h w")
def rule_of_the_matrix_product(x, W, dy):
    r"""$dW = dy^T \mathrm{cols}(x)$: the rule of a linear layer; shape ``(o, c, kh, kw)``."""
    rows = dy.transpose(0, 2, 3, 1).reshape(-1, len(W))
    return dl_dW(dy, x, W), (rows.T @ columns(x, W.shape[2:])).reshape(W.shape)


@options(sizes=SMALL)
@identity(
    x=IMAGE,
    W="g*o c kh kw",
    v=IMAGE,
    stride=choice(1, 2),
    padding=choice(0, 1),
    dilation=choice(1, 2),
)
def adjoint(x, W, v, stride, padding, dilation):
    r"""$\langle dy, \mathrm{conv}(v) \rangle = \langle dx, v \rangle$ with $dy = y$: scalars."""
    no_bias = np.zeros(len(W))
    dy = conv2d(x, W, no_bias, stride, padding, dilation)
    moved = conv2d(v, W, no_bias, stride, padding, dilation)
    return (dy * moved).sum(), (dl_dx(dy, x, W, stride, padding, dilation) * v).sum()
