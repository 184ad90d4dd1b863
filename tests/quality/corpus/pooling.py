"""Pooling, up-sampling, padding and other rearrangements of images (N, C, H, W)."""

from __future__ import annotations

import numpy as np

from ._base import drawer, layer
from .spatial import place


def pool_size(shape, kernel, stride):
    return tuple((n - k) // s + 1 for n, k, s in zip(shape, kernel, stride, strict=True))


def windows(x, kernel, stride):
    """All windows: (places of the kernel, N, C, out H, out W)."""
    size = pool_size(x.shape[2:], kernel, stride)
    return np.stack([x[place(i, j, size, stride, (1, 1))] for i, j in np.ndindex(*kernel)])


def windows_back(parts, x, kernel, stride, bug=""):
    """The adjoint of `windows`."""
    size = parts.shape[-2:]
    if bug == "M37-without-stride":
        stride = (1, 1)
    if bug == "M42-one-index-misses-stride":
        stride = (1, stride[1])
    dx = x.copy() if bug == "M39-accumulator-holds-data" else np.zeros_like(x)
    for part, (i, j) in zip(parts, np.ndindex(*kernel), strict=True):
        if bug == "M41-kernel-swapped":
            i, j = j, i
        here = place(i, j, size, stride, (1, 1))
        if bug == "M35-overwritten":
            dx[here] = np.where(part != 0, part, dx[here])
        else:
            dx[here] += part
    return dx


def max_pool_layer(name, kernel, stride, wrong, shapes):
    def f(x):
        return windows(x, kernel, stride).max(axis=0)

    def rule(g, x, bug=""):
        """At a tie the first entry of the window gets the gradient."""
        w = windows(x, kernel, stride)
        chosen = w.argmin(axis=0) if bug == "minimum" else w.argmax(axis=0)
        mask = np.arange(len(w)).reshape(-1, 1, 1, 1, 1) == chosen
        if bug == "rare-M36-ties-all":
            mask = w == w.max(axis=0)
        if bug == "M59-average-rule":
            mask = np.full(w.shape, 1 / len(w))
        if bug == "M11-mask-from-upstream":
            mask = mask * (g > 0)
        if bug == "M12-maximum-kept":
            mask = mask * w
        if bug == "M23-maximum-over-image":
            mask = w == x.max(axis=(2, 3), keepdims=True)
        return windows_back(g * mask, x, kernel, stride, bug)

    return layer(name, f, rule, wrong, drawer(shapes, edges=(0.0, 1.0)), "kinks at ties")


def avg_pool_layer(name, kernel, stride, wrong, shapes):
    def f(x):
        return windows(x, kernel, stride).mean(axis=0)

    def rule(g, x, bug=""):
        count = {
            "M38-divided-by-output-size": g[0, 0].size,
            "M3-not-divided": 1,
            "M38-divided-by-input-size": x[0, 0].size,
            "M41-height-squared": kernel[0] ** 2,
        }.get(bug, kernel[0] * kernel[1])
        parts = np.broadcast_to(g / count, (kernel[0] * kernel[1], *g.shape))
        if bug == "M28-corner-only":
            parts = parts * (np.arange(len(parts)) == 0).reshape(-1, 1, 1, 1, 1)
        return windows_back(parts, x, kernel, stride, bug)

    return layer(name, f, rule, wrong, drawer(shapes))


def padded_avg_pool(x):
    """3 x 3 windows, padding 1 that is not counted, stride 1."""
    ones = np.pad(np.ones_like(x[:1, :1]), ((0, 0), (0, 0), (1, 1), (1, 1)))
    full = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    return windows(full, (3, 3), (1, 1)).sum(axis=0) / windows(ones, (3, 3), (1, 1)).sum(axis=0)


def padded_avg_pool_rule(g, x, bug=""):
    ones = np.pad(np.ones_like(x[:1, :1]), ((0, 0), (0, 0), (1, 1), (1, 1)))
    count = windows(ones, (3, 3), (1, 1)).sum(axis=0)
    share = g / (9 if bug == "padding-counted" else count)
    if bug == "M3-not-divided":
        share = g
    full = np.pad(share, ((0, 0), (0, 0), (1, 1), (1, 1)))
    back = windows(full, (3, 3), (1, 1)).sum(axis=0)
    if bug == "divided-after":
        back = windows(np.pad(g, ((0, 0), (0, 0), (1, 1), (1, 1))), (3, 3), (1, 1)).sum(0) / count
    if bug == "M43-shifted-crop":
        back = np.roll(back, 1, axis=3)
    if bug == "M28-centre-only":
        back = share
    return back


def global_avg_pool(x):
    return x.mean(axis=(2, 3))


def global_avg_pool_rule(g, x, bug=""):
    count = {"M3-not-divided": 1, "M41-height-only": x.shape[2], "M34-whole-size": x.size}.get(
        bug, x[0, 0].size
    )
    dx = np.zeros_like(x) + g[:, :, None, None] / count
    if bug == "M8-channels-summed":
        dx = np.zeros_like(x) + g.sum(axis=1).reshape(-1, 1, 1, 1) / count
    return dx


def up_nearest(x):
    return x.repeat(2, axis=2).repeat(2, axis=3)


def up_nearest_rule(g, x, bug=""):
    n, c, h, w = x.shape
    blocks = g.reshape(n, c, h, 2, w, 2)
    return {
        "M50-subsampled": lambda: g[:, :, ::2, ::2],
        "M50-last-corner": lambda: g[:, :, 1::2, 1::2],
        "M3-block-mean": lambda: blocks.mean(axis=(3, 5)),
        "M50-rows-only": lambda: blocks[..., 0].sum(axis=3),
        "tiles-for-blocks": lambda: g.reshape(n, c, 2, h, 2, w).sum(axis=(2, 4)),
        "block-maximum": lambda: blocks.max(axis=(3, 5)),
    }.get(bug, lambda: blocks.sum(axis=(3, 5)))()


def interpolation(n, corners=False, clamp=True):
    """The matrix (2n, n) of linear interpolation to twice the size."""
    places = np.arange(2 * n) * ((n - 1) / (2 * n - 1)) if corners else np.arange(2 * n) / 2 - 0.25
    if clamp:
        places = np.clip(places, 0, n - 1)
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(n)))


def up_bilinear(x):
    return interpolation(x.shape[2]) @ x @ interpolation(x.shape[3]).T


def up_bilinear_rule(g, x, bug=""):
    corners, clamp = bug == "M59-align-corners", bug != "edge-not-clamped"
    rows = interpolation(x.shape[2], corners, clamp)
    columns = interpolation(x.shape[3], corners, clamp)
    if bug == "M59-nearest-rule":
        return up_nearest_rule(g, x)
    if bug == "M50-subsampled":
        return g[:, :, ::2, ::2]
    if bug == "M3-averaged":
        rows, columns = rows / 2, columns / 2
    if bug == "M41-columns-nearest":
        columns = np.eye(x.shape[3]).repeat(2, axis=0)
    return rows.T @ g @ columns


def pixel_shuffle(x):
    n, c, h, w = x.shape
    return (
        x.reshape(n, c // 4, 2, 2, h, w)
        .transpose(0, 1, 4, 2, 5, 3)
        .reshape(n, c // 4, 2 * h, 2 * w)
    )


def pixel_shuffle_rule(g, x, bug=""):
    n, c, h, w = x.shape
    cells = g.reshape(n, c // 4, h, 2, w, 2)
    order = {
        "M41-cell-transposed": (0, 1, 5, 3, 2, 4),
        "M48-cells-before-channels": (0, 3, 5, 1, 2, 4),
    }.get(bug, (0, 1, 3, 5, 2, 4))
    if bug == "reshape-only":
        return g.reshape(x.shape)
    if bug == "tiles-for-cells":
        return g.reshape(n, c // 4, 2, h, 2, w).transpose(0, 1, 2, 4, 3, 5).reshape(x.shape)
    if bug == "M3-averaged":
        return cells.transpose(order).reshape(x.shape) / 4
    if bug == "M19-last-cell":
        out = cells.transpose(order).reshape(n, c // 4, 4, h, w) * np.array([1, 1, 1, -1]).reshape(
            -1, 1, 1
        )
        return out.reshape(x.shape)
    return cells.transpose(order).reshape(x.shape).copy()


def reflect_pad(x):
    return np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect")


def reflect_pad_rule(g, x, bug=""):
    def fold(a, axis):
        a = np.moveaxis(a, axis, -1)
        core = a[..., 1:-1].copy()
        if bug == "M35-overwritten":
            core[..., 1], core[..., -2] = a[..., 0], a[..., -1]
        elif bug == "M59-edge-padding":
            core[..., 0] += a[..., 0]
            core[..., -1] += a[..., -1]
        elif bug == "M59-wrap-padding":
            core[..., -1] += a[..., 0]
            core[..., 0] += a[..., -1]
        elif bug == "M40-near-side-only":
            core[..., 1] += a[..., 0]
        elif bug != "padding-cropped":
            core[..., 1] += a[..., 0]
            core[..., -2] += a[..., -1]
        return np.moveaxis(core, -1, axis)

    if bug == "M41-columns-only":
        return fold(g[:, :, 1:-1], 3)
    return fold(fold(g, 2), 3)


def total_variation(x):
    """Smoothed: the sum of sqrt(d^2 + 1e-2) over differences of neighbours."""
    return sum(np.sqrt(np.diff(x, axis=axis) ** 2 + 1e-2).sum() for axis in (2, 3))


def total_variation_rule(g, x, bug=""):
    dx = np.zeros_like(x)
    for axis in (2,) if bug == "M41-rows-only" else (2, 3):
        d = np.diff(x, axis=axis)
        slope = d / np.sqrt(d**2 + (1e-2 if bug != "M60-eps-omitted" else 1e-3))
        if bug == "M59-squares":
            slope = 2 * d
        before, after = [slice(None)] * 4, [slice(None)] * 4
        before[axis], after[axis] = slice(None, -1), slice(1, None)
        dx[tuple(after)] += slope
        if bug != "M54-one-neighbour-only":
            dx[tuple(before)] += slope if bug == "M19-near-sign" else -slope
    return g * (dx / x.size if bug == "M3-averaged" else dx)


IMAGES = [(2, 2, 4, 6), (1, 1, 6, 4), (1, 3, 4, 4)]
ODD = [(1, 2, 5, 7), (2, 1, 5, 5), (1, 1, 3, 7)]
SMALL = [(2, 2, 3, 4), (1, 1, 3, 3), (1, 3, 4, 2)]

LAYERS = [
    max_pool_layer(
        "max_pool",
        (2, 2),
        (2, 2),
        """rare-M36-ties-all M37-without-stride M42-one-index-misses-stride M59-average-rule
        M11-mask-from-upstream M12-maximum-kept M23-maximum-over-image minimum
        M39-accumulator-holds-data""",
        IMAGES,
    ),
    max_pool_layer(
        "max_pool_overlapping",
        (3, 3),
        (2, 2),
        """M35-overwritten M37-without-stride rare-M36-ties-all M59-average-rule minimum
        M11-mask-from-upstream M27-upstream-ignored""",
        ODD,
    ),
    max_pool_layer(
        "max_pool_wide",
        (1, 3),
        (1, 2),
        """M35-overwritten M37-without-stride M59-average-rule M12-maximum-kept minimum
        M23-maximum-over-image""",
        [(2, 2, 2, 7), (1, 1, 4, 5), (2, 1, 1, 9)],
    ),
    avg_pool_layer(
        "avg_pool",
        (2, 2),
        (2, 2),
        """M38-divided-by-output-size M3-not-divided M38-divided-by-input-size M28-corner-only
        M37-without-stride M42-one-index-misses-stride M39-accumulator-holds-data""",
        IMAGES,
    ),
    avg_pool_layer(
        "avg_pool_overlapping",
        (3, 2),
        (1, 1),
        """M35-overwritten M38-divided-by-output-size M3-not-divided M41-height-squared
        M28-corner-only""",
        SMALL,
    ),
    layer(
        "padded_avg_pool",
        padded_avg_pool,
        padded_avg_pool_rule,
        "padding-counted M3-not-divided divided-after M43-shifted-crop M28-centre-only",
        drawer(SMALL),
    ),
    layer(
        "global_avg_pool",
        global_avg_pool,
        global_avg_pool_rule,
        """M3-not-divided M41-height-only M34-whole-size M8-channels-summed M27-upstream-ignored
        M47-sample-0-only""",
        drawer([(2, 2, 3, 4), (3, 1, 2, 2), (1, 4, 3, 1)]),
    ),
    layer(
        "up_nearest",
        up_nearest,
        up_nearest_rule,
        """M50-subsampled M50-last-corner M3-block-mean M50-rows-only tiles-for-blocks
        block-maximum""",
        drawer(SMALL),
    ),
    layer(
        "up_bilinear",
        up_bilinear,
        up_bilinear_rule,
        """M59-align-corners edge-not-clamped M59-nearest-rule M50-subsampled M3-averaged
        M41-columns-nearest""",
        drawer(SMALL),
    ),
    layer(
        "pixel_shuffle",
        pixel_shuffle,
        pixel_shuffle_rule,
        """M41-cell-transposed M48-cells-before-channels reshape-only tiles-for-cells M3-averaged
        M19-last-cell""",
        drawer([(2, 8, 2, 3), (1, 4, 3, 3), (2, 4, 2, 1)]),
    ),
    layer(
        "reflect_pad",
        reflect_pad,
        reflect_pad_rule,
        """M35-overwritten M59-edge-padding M59-wrap-padding M40-near-side-only padding-cropped
        M41-columns-only""",
        drawer([(2, 2, 3, 4), (1, 1, 4, 4), (1, 3, 3, 3)]),
    ),
    layer(
        "total_variation",
        total_variation,
        total_variation_rule,
        """M41-rows-only M60-eps-omitted M59-squares M54-one-neighbour-only M19-near-sign
        M3-averaged""",
        drawer(SMALL),
    ),
]
