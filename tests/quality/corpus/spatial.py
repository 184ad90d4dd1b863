"""Convolutions in one and two dimensions, with stride, padding, dilation and groups.

Everything is a loop over the places of the kernel: place (i, j) reads the padded image from
(i, j) * dilation in steps of the stride.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._base import drawer, layer


class Geometry(NamedTuple):
    stride: tuple = (1, 1)
    pad: tuple = (0, 0)
    dilation: tuple = (1, 1)
    groups: int = 1


def padded(x, pad):
    return np.pad(x, ((0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2))


def out_size(shape, kernel, geo):
    return tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(shape, kernel, geo.stride, geo.pad, geo.dilation, strict=True)
    )


def place(i, j, size, stride, dilation):
    rows, columns = i * dilation[0], j * dilation[1]
    return (
        ...,
        slice(rows, rows + stride[0] * (size[0] - 1) + 1, stride[0]),
        slice(columns, columns + stride[1] * (size[1] - 1) + 1, stride[1]),
    )


def in_groups(x, w, geo):
    n, c, height, width = x.shape
    return x.reshape(n, geo.groups, c // geo.groups, height, width), w.reshape(
        geo.groups, -1, *w.shape[1:]
    )


def conv(x, w, b, geo):
    xg, wg = in_groups(padded(x, geo.pad), w, geo)
    size = out_size(x.shape[2:], w.shape[2:], geo)
    out = 0
    for i, j in np.ndindex(*w.shape[2:]):
        patch = xg[place(i, j, size, geo.stride, geo.dilation)]
        out = out + np.einsum("ngchw,goc->ngohw", patch, wg[..., i, j])
    return out.reshape(len(x), len(w), *size) + b[:, None, None]


def conv_rule(g, x, w, b, geo, bug=""):
    xg, wg = in_groups(padded(x, geo.pad), w, geo)
    kernel, size = w.shape[2:], g.shape[2:]
    gg = g.reshape(len(x), geo.groups, -1, *size)
    stride, dilation = geo.stride, geo.dilation
    if bug == "M37-without-stride":
        stride = (1, 1)
    if bug == "M42-one-index-misses-stride":
        stride = (stride[0], 1)
    if bug == "dilation-forgotten":
        dilation = (1, 1)
    dxg = xg.copy() if bug == "M39-accumulator-holds-data" else np.zeros_like(xg)
    dwg = np.zeros_like(wg)
    for i, j in np.ndindex(*kernel):
        here = place(i, j, size, geo.stride, geo.dilation)
        there = place(i, j, size, stride, dilation)
        dwg[..., i, j] = np.einsum("ngohw,ngchw->goc", gg, xg[here])
        if bug == "dw-without-stride":
            dwg[..., i, j] = np.einsum(
                "ngohw,ngchw->goc", gg, xg[place(i, j, size, (1, 1), (1, 1))]
            )
        if bug == "M47-dw-of-sample-0":
            dwg[..., i, j] = np.einsum("ngohw,ngchw->goc", gg[:1], xg[:1][here])
        tap = wg[..., i, j]
        if bug == "M1-kernel-flipped":
            tap = wg[..., kernel[0] - 1 - i, kernel[1] - 1 - j]
        share = np.einsum("ngohw,goc->ngchw", gg, tap)
        if bug == "M35-overwritten":
            dxg[there] = share
        else:
            dxg[there] += share
    dxp = dxg.reshape(len(x), x.shape[1], *xg.shape[-2:])
    dx = dxp[:, :, geo.pad[0] :, geo.pad[1] :][:, :, : x.shape[2], : x.shape[3]]
    if bug == "M43-padding-not-cropped":
        dx = dxp
    if bug == "M44-crop-on-wrong-axes":
        dx = dxp[geo.pad[0] :, geo.pad[1] :][: x.shape[2], : x.shape[3]]
    if bug == "crop-from-the-corner":
        dx = dxp[:, :, : x.shape[2], : x.shape[3]]
    if bug == "M48-groups-mixed":
        dx = np.roll(dx, x.shape[1] // geo.groups, axis=1)
    db = g.sum(axis=(0, 2, 3))
    if bug == "M7-bias-per-sample":
        db = g.sum(axis=(2, 3))
    if bug == "M3-bias-averaged":
        db = g.mean(axis=(0, 2, 3))
    if bug == "M8-bias-summed-over-all":
        db = np.full_like(b, g.sum())
    dw = dwg.reshape(w.shape)
    if bug == "M1-dw-flipped":
        dw = dw[:, :, ::-1, ::-1]
    if bug == "M3-dw-averaged":
        dw = dw / len(x)
    return dx, dw, db


def conv_layer(name, geo, wrong, shapes, flat=False):
    """A convolution of one geometry; `flat` drops the height axis of image, kernel and result."""

    def lift(*arrays):
        return [a[:, :, None] if flat and a.ndim == 3 else a for a in arrays]

    def f(x, w, b):
        out = conv(*lift(x, w, b), geo)
        return out[:, :, 0] if flat else out

    def rule(g, x, w, b, bug=""):
        dx, dw, db = conv_rule(*lift(g, x, w, b), geo, bug)
        return (dx[:, :, 0], dw[:, :, 0], db) if flat else (dx, dw, db)

    return layer(name, f, rule, wrong, drawer(shapes))


class Transposed(NamedTuple):
    stride: int
    pad: int
    extra: int = 0
    """rows and columns added at the far end, as `output_padding` does"""


def transposed_size(n, k, geo):
    return (n - 1) * geo.stride + k - 2 * geo.pad + geo.extra


def transposed_conv(x, w, b, geo):
    """x (N, C, H, W), w (C, O, k, l): every entry of x paints the kernel, scaled, at its place."""
    n, _, height, width = x.shape
    k, m = w.shape[2:]
    high, wide = transposed_size(height, k, geo), transposed_size(width, m, geo)
    canvas = np.zeros((n, w.shape[1], high + 2 * geo.pad, wide + 2 * geo.pad), x.dtype)
    for i, j in np.ndindex(k, m):
        canvas[place(i, j, (height, width), (geo.stride,) * 2, (1, 1))] += np.einsum(
            "nchw,co->nohw", x, w[:, :, i, j]
        )
    return canvas[:, :, geo.pad :, geo.pad :][:, :, :high, :wide] + b[:, None, None]


def transposed_conv_rule(g, x, w, b, geo, bug=""):
    size, kernel = x.shape[2:], w.shape[2:]
    canvas = padded(g, (geo.pad,) * 2)
    if bug == "crop-forgotten":
        canvas = np.pad(g, ((0, 0), (0, 0), (0, 2 * geo.pad), (0, 2 * geo.pad)))
    stride = (geo.stride,) * 2
    if bug == "M37-without-stride":
        stride = (1, 1)
    if bug == "M42-one-index-misses-stride":
        stride = (geo.stride, 1)
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i, j in np.ndindex(*kernel):
        patch = canvas[place(i, j, size, stride, (1, 1))]
        tap = w[:, :, i, j]
        if bug == "M1-kernel-flipped":
            tap = w[:, :, kernel[0] - 1 - i, kernel[1] - 1 - j]
        share = np.einsum("nohw,co->nchw", patch, tap)
        dx = share if bug == "M35-overwritten" else dx + share
        dw[:, :, i, j] = np.einsum("nohw,nchw->co", patch, x)
    if bug == "M1-dw-channels-swapped":
        dw = np.swapaxes(dw, 0, 1)
    if bug == "M3-dw-averaged":
        dw = dw / len(x)
    db = g.sum(axis=(0, 2, 3))
    if bug == "bias-over-input-places":
        db = db * x[0, 0].size / g[0, 0].size
    return dx, dw, db


def transposed_layer(name, geo, wrong, shapes):
    def f(x, w, b):
        return transposed_conv(x, w, b, geo)

    def rule(g, x, w, b, bug=""):
        return transposed_conv_rule(g, x, w, b, geo, bug)

    return layer(name, f, rule, wrong, drawer(shapes))


SOBEL = np.outer([1.0, 2.0, 1.0], [-1.0, 0.0, 1.0])


def sobel(x):
    """Horizontal edges of each image: a fixed kernel, zero padding."""
    w = np.broadcast_to(SOBEL, (x.shape[1], 1, 3, 3))
    return conv(x, w, np.zeros(x.shape[1]), Geometry(pad=(1, 1), groups=x.shape[1]))


def sobel_rule(g, x, bug=""):
    kernel = -SOBEL
    if bug == "M1-kernel-flipped":
        kernel = SOBEL
    if bug == "M41-height-for-width":
        kernel = -SOBEL.T
    if bug == "weights-averaged":
        kernel = -SOBEL / 8
    if bug == "M28-centre-row-only":
        kernel = -SOBEL * np.array([[0], [1], [0]])
    if bug == "smoothing-forgotten":
        kernel = -np.outer([1.0, 1.0, 1.0], [-1.0, 0.0, 1.0])
    w = np.broadcast_to(kernel, (x.shape[1], 1, 3, 3))
    pad = np.pad(
        g, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge" if bug == "edge-padding" else "constant"
    )
    return conv(pad, w, np.zeros(x.shape[1]), Geometry(groups=x.shape[1]))


def separable(x, depth, point):
    """A depthwise convolution along time, then a mix of channels."""
    mid = conv(
        x[:, :, None], depth[:, None, None], np.zeros(len(depth)), Geometry(groups=len(depth))
    )
    return np.einsum("nct,oc->not", mid[:, :, 0], point)


def separable_rule(g, x, depth, point, bug=""):
    geo = Geometry(groups=len(depth))
    mid = conv(x[:, :, None], depth[:, None, None], np.zeros(len(depth)), geo)
    d_point = np.einsum("not,nct->oc", g, mid[:, :, 0])
    if bug == "M54-point-from-input":
        d_point = np.einsum("not,nct->oc", g, x[:, :, : g.shape[2]])
    if bug == "M22-time-averaged":
        d_point = d_point / g.shape[2]
    inner = np.einsum("not,oc->nct", g, point)
    if bug == "M18-point-forgotten":
        inner = np.repeat(g.mean(axis=1, keepdims=True), len(depth), axis=1)
    plain = "M1-kernel-flipped" if bug == "M1-kernel-flipped" else ""
    if bug in ("M35-overwritten", "M47-dw-of-sample-0"):
        plain = bug
    dx, d_depth, _ = conv_rule(
        inner[:, :, None], x[:, :, None], depth[:, None, None], np.zeros(len(depth)), geo, plain
    )
    return dx[:, :, 0], d_depth[:, 0, 0], d_point


BIAS = "M7-bias-per-sample M3-bias-averaged M8-bias-summed-over-all"

LAYERS = [
    conv_layer(
        "conv1d",
        Geometry(),
        BIAS + " M1-kernel-flipped M1-dw-flipped M35-overwritten M47-dw-of-sample-0",
        [((2, 3, 6), (2, 3, 3), (2,)), ((1, 2, 5), (3, 2, 2), (3,)), ((3, 1, 4), (1, 1, 4), (1,))],
        flat=True,
    ),
    conv_layer(
        "conv1d_stride_pad",
        Geometry(stride=(1, 2), pad=(0, 1)),
        """M37-without-stride dw-without-stride crop-from-the-corner M43-padding-not-cropped
        M1-kernel-flipped M39-accumulator-holds-data""",
        [((2, 2, 7), (3, 2, 3), (3,)), ((2, 1, 6), (2, 1, 3), (2,)), ((1, 3, 5), (2, 3, 2), (2,))],
        flat=True,
    ),
    conv_layer(
        "conv1d_dilated",
        Geometry(dilation=(1, 2)),
        "dilation-forgotten dw-without-stride M1-kernel-flipped M3-dw-averaged M35-overwritten",
        [((2, 2, 7), (2, 2, 3), (2,)), ((1, 1, 6), (2, 1, 2), (2,))],
        flat=True,
    ),
    conv_layer(
        "conv2d",
        Geometry(),
        BIAS
        + """ M1-kernel-flipped M1-dw-flipped M35-overwritten M47-dw-of-sample-0
        M39-accumulator-holds-data M3-dw-averaged M27-upstream-ignored""",
        [
            ((2, 2, 4, 5), (3, 2, 2, 3), (3,)),
            ((1, 1, 5, 5), (2, 1, 3, 3), (2,)),
            ((2, 3, 3, 3), (2, 3, 1, 1), (2,)),
        ],
    ),
    conv_layer(
        "conv2d_stride_pad",
        Geometry(stride=(2, 2), pad=(1, 1)),
        """M37-without-stride M42-one-index-misses-stride dw-without-stride crop-from-the-corner
        M43-padding-not-cropped M44-crop-on-wrong-axes M1-kernel-flipped M35-overwritten""",
        [((2, 2, 5, 4), (2, 2, 3, 3), (2,)), ((1, 1, 6, 5), (3, 1, 3, 2), (3,))],
    ),
    conv_layer(
        "conv2d_stride_wide",
        Geometry(stride=(2, 3), pad=(0, 1)),
        """M37-without-stride M42-one-index-misses-stride dw-without-stride crop-from-the-corner
        M8-bias-summed-over-all M47-dw-of-sample-0""",
        [((2, 1, 5, 6), (2, 1, 2, 3), (2,)), ((2, 2, 4, 5), (2, 2, 3, 2), (2,))],
    ),
    conv_layer(
        "conv2d_grouped",
        Geometry(groups=2, pad=(1, 1)),
        """M48-groups-mixed M1-kernel-flipped M1-dw-flipped crop-from-the-corner M3-bias-averaged
        M35-overwritten""",
        [((2, 4, 3, 4), (2, 2, 3, 3), (2,)), ((1, 4, 3, 3), (4, 2, 2, 2), (4,))],
    ),
    conv_layer(
        "conv2d_depthwise",
        Geometry(groups=3),
        "M48-groups-mixed M1-kernel-flipped M1-dw-flipped M35-overwritten M3-dw-averaged",
        [((2, 3, 4, 3), (3, 1, 2, 2), (3,)), ((1, 3, 3, 3), (6, 1, 2, 2), (6,))],
    ),
    conv_layer(
        "conv2d_dilated",
        Geometry(dilation=(2, 2), pad=(2, 2)),
        """dilation-forgotten dw-without-stride crop-from-the-corner M1-kernel-flipped
        M43-padding-not-cropped""",
        [((1, 2, 4, 5), (2, 2, 3, 3), (2,)), ((2, 1, 4, 4), (1, 1, 2, 2), (1,))],
    ),
    transposed_layer(
        "transposed_conv",
        Transposed(stride=2, pad=0),
        """M37-without-stride M42-one-index-misses-stride M1-kernel-flipped M35-overwritten
        M1-dw-channels-swapped M3-dw-averaged bias-over-input-places""",
        [((2, 2, 3, 2), (2, 3, 2, 3), (3,)), ((1, 3, 2, 2), (3, 3, 3, 3), (3,))],
    ),
    transposed_layer(
        "transposed_conv_pad",
        Transposed(stride=2, pad=1, extra=1),
        """M37-without-stride M42-one-index-misses-stride M1-kernel-flipped crop-forgotten
        M35-overwritten bias-over-input-places""",
        [((2, 2, 3, 2), (2, 2, 3, 3), (2,)), ((1, 1, 3, 3), (1, 2, 3, 3), (2,))],
    ),
    layer(
        "sobel",
        sobel,
        sobel_rule,
        """M1-kernel-flipped M41-height-for-width weights-averaged M28-centre-row-only
        smoothing-forgotten edge-padding""",
        drawer([(2, 2, 4, 3), (1, 1, 5, 5), (2, 1, 1, 4)]),
    ),
    layer(
        "separable_conv1d",
        separable,
        separable_rule,
        """M54-point-from-input M22-time-averaged M18-point-forgotten M1-kernel-flipped
        M35-overwritten M47-dw-of-sample-0""",
        drawer([((2, 3, 6), (3, 3), (2, 3)), ((1, 2, 4), (2, 2), (2, 2))]),
    ),
]
