r"""Padding of an image by zeros, by its edge, by reflection, or around the torus.

$$y = R x S^T, \qquad dx = R^T dy\, S$$

$R$ is the identity matrix with its *rows* padded in the same way: a row of $R$ says which row of
$x$ is copied. Zero padding copies each pixel once, so its rule is a crop; the others copy some
pixels several times, whose gradients are sums.

Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.
"""

import numpy as np

from gradcheck import choice, derivation, identity, options

SMALL = {"n": (1, 2), "c": (1, 2), "h": (1, 3), "w": (1, 3)}
MODES = choice("constant", "edge", "reflect", "wrap")
WIDTH = choice(0, 1, 2)
# At least 3 rows and columns: a reflection by 2 needs two pixels beside the edge.
IMAGE = "n c h+2 w+2"


def selection(size, width, mode):
    r"""$R$, shape ``(size + 2 width, size)``: which row each padded row is a copy of."""
    return np.pad(np.eye(size), ((width, width), (0, 0)), mode=mode)


@options(sizes=SMALL)
@derivation(x=IMAGE, width=WIDTH, mode=MODES)
def pad2d(x, width, mode):
    r"""``(n, c, H, W)`` gives ``(n, c, H + 2 width, W + 2 width)``."""
    around = (width, width)
    return np.pad(x, ((0, 0), (0, 0), around, around), mode=mode)


@pad2d.vjp
def backward(dy, x, width, mode):
    r"""$dx = R^T dy\, S$, shape ``(n, c, H, W)``."""
    return selection(x.shape[2], width, mode).T @ dy @ selection(x.shape[3], width, mode)


@pad2d.jvp
def forward_mode(dx, width, mode):
    r"""Linear, so it is its own forward rule."""
    return pad2d(dx, width, mode)


@options(sizes=SMALL)
@identity(x=IMAGE, width=WIDTH, mode=MODES)
def two_matrix_products(x, width, mode):
    r"""$y = R x S^T$, shape ``(n, c, H + 2 width, W + 2 width)``."""
    R, S = selection(x.shape[2], width, mode), selection(x.shape[3], width, mode)
    return pad2d(x, width, mode), R @ x @ S.T


@options(sizes=SMALL)
@identity(x=IMAGE, width=WIDTH)
def zeros_are_cropped(x, width):
    r"""For zero padding $dx$ is the inner part of $dy$, here of $y$: $x$ itself."""
    y = pad2d(x, width, "constant")
    rows, columns = x.shape[2:]
    inner = y[:, :, width : width + rows, width : width + columns]
    return backward(y, x, width, "constant"), inner, x


@identity(dy="n c 5 5", x="n c 3 3")
def edges_collect(dy, x):
    r"""For edge padding by 1 the outer rows and columns are added to the edge; ``(n, c, 3, 3)``."""
    rows = dy[:, :, 1:4].copy()
    rows[:, :, 0] += dy[:, :, 0]
    rows[:, :, 2] += dy[:, :, 4]
    dx = rows[..., 1:4].copy()
    dx[..., 0] += rows[..., 0]
    dx[..., 2] += rows[..., 4]
    return backward(dy, x, 1, "edge"), dx
