"""Normalisation layers. `EPS` is inside the root, as in the frameworks."""

from __future__ import annotations

import numpy as np

from ._base import drawer, layer
from ._numerics import centred

EPS = 1e-5
AFFINE_BUGS = """M29-statistics-as-constants M30-variance-path-missing M30-mean-path-missing
    M31-gamma-omitted M31-gamma-omitted-in-means M32-dgamma-from-output M60-eps-omitted
    M60-eps-outside-root std-for-variance M3-one-over-N-minus-1 half-slope-of-root
    M7-dbeta-not-summed M8-dgamma-summed-over-all dgamma-from-input"""
PLAIN_BUGS = """M29-statistics-as-constants M30-variance-path-missing M30-mean-path-missing
    M60-eps-omitted M60-eps-outside-root std-for-variance M3-one-over-N-minus-1"""


def normalise(x, axis):
    c = centred(x, axis)
    return c / np.sqrt((c**2).mean(axis=axis, keepdims=True) + EPS)


def normalise_back(g, x, axis, bug=""):
    """The gradient of `normalise`; `bug` may name a mistake of `PLAIN_BUGS`."""
    c = centred(x, axis)
    variance = (c**2).mean(axis=axis, keepdims=True)
    count = x.size // variance.size
    if bug == "M3-one-over-N-minus-1":
        variance = variance * count / max(count - 1, 1)
    std = np.sqrt(variance + EPS)
    if bug == "M60-eps-omitted":
        std = np.sqrt(variance)
    if bug == "M60-eps-outside-root":
        std = np.sqrt(variance) + EPS
    if bug == "std-for-variance":
        return (g - g.mean(axis, keepdims=True)) / std - c * (g * c).mean(
            axis, keepdims=True
        ) / std**2
    if bug == "half-slope-of-root":
        return (g - g.mean(axis, keepdims=True)) / std - 0.5 * c * (g * c).mean(
            axis, keepdims=True
        ) / std**3
    hat = c / std
    mean_path = 0 if bug == "M30-mean-path-missing" else g.mean(axis, keepdims=True)
    variance_path = hat * (g * hat).mean(axis, keepdims=True)
    if bug == "M30-variance-path-missing":
        variance_path = 0
    if bug == "M29-statistics-as-constants":
        return g / std
    return (g - mean_path - variance_path) / std


def affine_back(g, x, gamma, beta, axis, bug=""):
    """Gradients of gamma * normalise(x, axis) + beta, gamma and beta not yet summed."""
    hat = normalise(x, axis)
    scale = 1.0 if bug == "M31-gamma-omitted" else gamma
    dx = normalise_back(g * scale, x, axis, bug)
    if bug == "M31-gamma-omitted-in-means":
        plain = normalise_back(g, x, axis)
        constant = normalise_back(g, x, axis, "M29-statistics-as-constants")
        dx = gamma * constant + (plain - constant)
    factor = hat
    if bug == "M32-dgamma-from-output":
        factor = gamma * hat + beta
    if bug == "dgamma-from-input":
        factor = x
    return dx, g * factor, np.array(g)


def summed(d_gamma, d_beta, axes, shape, bug):
    """Sum the gradients of the affine part down to their shape."""
    d_gamma = d_gamma.sum(axis=axes)
    if bug == "M8-dgamma-summed-over-all":
        d_gamma = np.full(d_gamma.shape, d_gamma.sum())
    if bug != "M7-dbeta-not-summed":
        d_beta = d_beta.sum(axis=axes).reshape(shape)
    return d_gamma.reshape(shape), d_beta


def batch_norm(x, gamma, beta):
    return gamma * normalise(x, 0) + beta


def batch_norm_rule(g, x, gamma, beta, bug=""):
    dx, d_gamma, d_beta = affine_back(g, x, gamma, beta, 0, bug)
    if bug == "M34-wrong-axis":
        dx = normalise_back(g * gamma, x, 1)
    return dx, *summed(d_gamma, d_beta, 0, gamma.shape, bug)


def over_channels(p):
    return p.reshape(1, -1, 1, 1)


def batch_norm_2d(x, gamma, beta):
    return over_channels(gamma) * normalise(x, (0, 2, 3)) + over_channels(beta)


def batch_norm_2d_rule(g, x, gamma, beta, bug=""):
    axes = (0, 2, 3)
    dx, d_gamma, d_beta = affine_back(g, x, over_channels(gamma), over_channels(beta), axes, bug)
    if bug == "M34-batch-axis-only":
        dx = normalise_back(g * over_channels(gamma), x, 0)
    if bug == "M34-count-is-batch-size":
        n, m = len(x), x[:, 0].size
        constant = normalise_back(g * over_channels(gamma), x, axes, "M29-statistics-as-constants")
        dx = constant + (dx - constant) * m / n
    return dx, *summed(d_gamma, d_beta, axes, gamma.shape, bug)


def layer_norm(x, gamma, beta):
    return gamma * normalise(x, -1) + beta


def layer_norm_rule(g, x, gamma, beta, bug=""):
    dx, d_gamma, d_beta = affine_back(g, x, gamma, beta, -1, bug)
    if bug == "M34-batch-axis":
        dx = normalise_back(g * gamma, x, 0)
    return dx, *summed(d_gamma, d_beta, tuple(range(x.ndim - 1)), gamma.shape, bug)


GROUPS = 2


def grouped(x):
    return x.reshape(len(x), GROUPS, -1)


def group_norm(x, gamma, beta):
    hat = normalise(grouped(x), -1).reshape(x.shape)
    return over_channels(gamma) * hat + over_channels(beta)


def group_norm_rule(g, x, gamma, beta, bug=""):
    scale = 1.0 if bug == "M31-gamma-omitted" else over_channels(gamma)
    dx = normalise_back(grouped(g * scale), grouped(x), -1, bug).reshape(x.shape)
    if bug == "M59-layer-norm-rule":
        flat = x.reshape(len(x), -1)
        dx = normalise_back((g * scale).reshape(flat.shape), flat, -1).reshape(x.shape)
    if bug == "M59-instance-norm-rule":
        dx = normalise_back(g * scale, x, (2, 3))
    hat = normalise(grouped(x), -1).reshape(x.shape)
    if bug == "dgamma-from-instance-norm":
        hat = normalise(x, (2, 3))
    if bug == "M32-dgamma-from-output":
        hat = group_norm(x, gamma, beta)
    return dx, *summed(g * hat, g, (0, 2, 3), gamma.shape, bug)


def instance_norm(x):
    return normalise(x, (2, 3))


def instance_norm_rule(g, x, bug=""):
    if bug == "M59-batch-norm-rule":
        return normalise_back(g, x, (0, 2, 3))
    if bug == "M41-height-only":
        return normalise_back(g, x, 2)
    return normalise_back(g, x, (2, 3), bug)


def rms_norm(x, gamma):
    return gamma * x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + EPS)


def rms_norm_rule(g, x, gamma, bug=""):
    square = (x**2).mean(axis=-1, keepdims=True)
    rms = np.sqrt(square + (0 if bug == "M60-eps-omitted" else EPS))
    if bug == "M60-eps-outside-root":
        rms = np.sqrt(square) + EPS
    hat = x / rms
    inner = g if bug == "M31-gamma-omitted-in-means" else g * gamma
    path = hat * (inner * hat).mean(axis=-1, keepdims=True)
    if bug == "M29-statistics-as-constants":
        path = 0
    if bug == "M3-mean-as-sum":
        path = path * x.shape[-1]
    dx = (g * gamma - path) / rms
    if bug == "M59-layer-norm-rule":
        dx = normalise_back(g * gamma, x, -1)
    d_gamma = g * (gamma * hat if bug == "M32-dgamma-from-output" else hat)
    if bug == "M3-dgamma-averaged":
        d_gamma = d_gamma / len(x)
    return dx, d_gamma.reshape(-1, gamma.size).sum(axis=0)


def inference_norm(x, gamma, beta):
    """Batch norm in inference: the running statistics are constants."""
    mean, variance = 0.1 * np.arange(x.shape[1]), 1 + 0.2 * np.arange(x.shape[1])
    return gamma * (x - mean) / np.sqrt(variance + EPS) + beta


def inference_norm_rule(g, x, gamma, beta, bug=""):
    mean, variance = 0.1 * np.arange(x.shape[1]), 1 + 0.2 * np.arange(x.shape[1])
    std = np.sqrt(variance + EPS)
    if bug == "M60-eps-omitted":
        std = np.sqrt(variance)
    if bug == "variance-for-std":
        std = variance
    hat = (x if bug == "mean-forgotten" else x - mean) / std
    if bug == "M33-batch-statistics":
        return normalise_back(g * gamma, x, 0), (g * hat).sum(axis=0), g.sum(axis=0)
    dx = g / std if bug == "M31-gamma-omitted" else g * gamma / std
    if bug == "M33-dgamma-from-batch-statistics":
        hat = normalise(x, 0)
    return dx, *summed(g * hat, g, 0, gamma.shape, bug)


X_2D = [((4, 3), (3,), (3,)), ((5, 2), (2,), (2,)), ((2, 4), (4,), (4,)), ((3, 1), (1,), (1,))]
X_4D = [((2, 4, 3, 2), (4,), (4,)), ((1, 2, 3, 3), (2,), (2,)), ((3, 2, 2, 1), (2,), (2,))]
LAST = [((3, 4), (4,), (4,)), ((1, 5), (5,), (5,)), ((2, 3, 4), (4,), (4,)), ((4, 2), (2,), (2,))]
GAINS = ("smooth", "plain", "plain")

LAYERS = [
    layer(
        "batch_norm",
        batch_norm,
        batch_norm_rule,
        AFFINE_BUGS + " M34-wrong-axis",
        drawer(X_2D, domain=GAINS),
    ),
    layer(
        "batch_norm_2d",
        batch_norm_2d,
        batch_norm_2d_rule,
        """M29-statistics-as-constants M30-variance-path-missing M31-gamma-omitted
        M32-dgamma-from-output M60-eps-omitted M34-batch-axis-only M34-count-is-batch-size
        M7-dbeta-not-summed""",
        drawer(X_4D, domain=GAINS),
    ),
    layer(
        "layer_norm",
        layer_norm,
        layer_norm_rule,
        AFFINE_BUGS + " M34-batch-axis",
        drawer(LAST, domain=GAINS),
    ),
    layer(
        "group_norm",
        group_norm,
        group_norm_rule,
        """M29-statistics-as-constants M30-variance-path-missing M30-mean-path-missing
        M31-gamma-omitted M60-eps-omitted M59-layer-norm-rule M59-instance-norm-rule
        dgamma-from-instance-norm M32-dgamma-from-output M7-dbeta-not-summed""",
        drawer(X_4D, domain=GAINS),
    ),
    layer(
        "instance_norm",
        instance_norm,
        instance_norm_rule,
        PLAIN_BUGS + " M59-batch-norm-rule M41-height-only",
        drawer([(2, 3, 3, 2), (1, 2, 4, 3), (3, 1, 2, 2)]),
    ),
    layer(
        "rms_norm",
        rms_norm,
        rms_norm_rule,
        """M60-eps-omitted M60-eps-outside-root M31-gamma-omitted-in-means M3-mean-as-sum
        M29-statistics-as-constants M59-layer-norm-rule M32-dgamma-from-output
        M3-dgamma-averaged""",
        drawer([s[:2] for s in LAST], domain=("smooth", "plain")),
    ),
    layer(
        "inference_norm",
        inference_norm,
        inference_norm_rule,
        """M60-eps-omitted variance-for-std mean-forgotten M33-batch-statistics M31-gamma-omitted
        M33-dgamma-from-batch-statistics M7-dbeta-not-summed M8-dgamma-summed-over-all""",
        drawer(X_2D, domain=GAINS),
    ),
]
