r"""Convolution in one dimension, as deep learning means it: a correlation, nothing is flipped.

$$y_{noa} = b_o + \sum_{c,k} x_{n,c,a+k} W_{ock}, \qquad
dx_{ncp} = \sum_{o,k} dy_{n,o,p-k} W_{ock}, \qquad dW_{ock} = \sum_{n,a} dy_{noa} x_{n,c,a+k}$$

The gradient of the input is a *full* convolution with the flipped kernel, that of the kernel a
correlation of the input with the cotangent. ``conv2d.py`` adds stride, padding and the rest.

Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.
"""

import numpy as np

from gradcheck import derivation, identity, options

SMALL = {"n": (1, 3), "c": (1, 3), "o": (1, 3), "l": (1, 5), "k": (1, 4)}
ONE_CHANNEL = {"l": (1, 8), "k": (1, 5)}


@options(sizes=SMALL)
@derivation(x="n c l+k-1", W="o c k", b="o")
def conv1d(x, W, b):
    r"""``(n, c, l+k-1)``, ``(o, c, k)`` and ``(o,)`` give ``(n, o, l)``."""
    length = x.shape[2] - W.shape[2] + 1
    taps = [
        np.einsum("nca,oc->noa", x[:, :, k : k + length], W[:, :, k]) for k in range(W.shape[2])
    ]
    return sum(taps) + b[:, np.newaxis]


@conv1d.partial("x")
def entry_of_x(x, W, i, j):
    r"""$\partial y_{noa} / \partial x_{mcp} = \delta_{nm} W_{o,c,p-a}$ in the window, else 0."""
    (m, c, p), (n, o, a) = i, j
    inside = n == m and 0 <= p - a < W.shape[2]
    return W[o, c, p - a] if inside else 0.0


@conv1d.partial("W")
def entry_of_W(x, i, j):
    r"""$\partial y_{noa} / \partial W_{qck} = \delta_{oq}\, x_{n,c,a+k}$, a scalar."""
    (q, c, k), (n, o, a) = i, j
    return float(o == q) * x[n, c, a + k]


@conv1d.vjp("x")
def dl_dx(dy, x, W):
    r"""$dx_{n,c,a+k}$ collects $dy_{noa} W_{ock}$ from every window over it; shaped as ``x``."""
    dx = np.zeros_like(x)
    length = dy.shape[2]
    for k in range(W.shape[2]):
        dx[:, :, k : k + length] += np.einsum("noa,oc->nca", dy, W[:, :, k])
    return dx


@conv1d.vjp("W")
def dl_dW(dy, x, W):
    r"""$dW_{ock} = \sum_{n,a} dy_{noa} x_{n,c,a+k}$, shape ``(o, c, k)``."""
    length = dy.shape[2]
    taps = [np.einsum("noa,nca->oc", dy, x[:, :, k : k + length]) for k in range(W.shape[2])]
    return np.stack(taps, axis=-1)


@conv1d.vjp("b")
def dl_db(dy):
    r"""$db_o = \sum_{n,a} dy_{noa}$, shape ``(o,)``."""
    return dy.sum(axis=(0, 2))


@conv1d.vjp
def backward(dy, x, W):
    r"""All three, in order."""
    return dl_dx(dy, x, W), dl_dW(dy, x, W), dl_db(dy)


@conv1d.jvp
def forward_mode(dx, dW, db, x, W):
    r"""Bilinear in $x$ and $W$: the product rule, shape ``(n, o, l)``."""
    return conv1d(dx, W, db) + conv1d(x, dW, np.zeros_like(db))


@options(sizes=ONE_CHANNEL)
@identity(x="l+k-1", w="k", dy="l")
def one_channel(x, w, dy):
    r"""The rules are numpy's: $dx$ is ``convolve``, the full one; shape ``(l+k-1,)``."""
    one = (np.newaxis, np.newaxis)
    return dl_dx(dy[one], x[one], w[one])[0, 0], np.convolve(dy, w)


@options(sizes=ONE_CHANNEL)
@identity(x="l+k-1", w="k", dy="l")
def one_channel_kernel(x, w, dy):
    r"""$dW$ of one channel is ``correlate``, the valid one; shape ``(k,)``."""
    one = (np.newaxis, np.newaxis)
    return dl_dW(dy[one], x[one], w[one])[0, 0], np.correlate(x, dy, mode="valid")


@options(sizes=ONE_CHANNEL)
@identity(x="l+k-1", w="k", dy="l")
def toeplitz(x, w, dy):
    r"""$y = x\, T^T$ with $T_{ap} = w_{p-a}$, so that $dx = dy\, T$; shape ``(l+k-1,)``."""
    offset = np.arange(len(x)) - np.arange(len(dy))[:, np.newaxis]
    inside = (offset >= 0) & (offset < len(w))
    T = np.where(inside, w[np.where(inside, offset, 0)], 0.0)
    one = (np.newaxis, np.newaxis)
    return dl_dx(dy[one], x[one], w[one])[0, 0], dy @ T
