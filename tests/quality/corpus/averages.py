"""Means of several kinds, covariances and a quadrature rule."""

from __future__ import annotations

import numpy as np

from ._base import ROW_SHAPES, drawer, layer
from ._numerics import centred
from .reductions import norm


def weighted_mean(x, w):
    return (w * x).sum(axis=-1) / w.sum(axis=-1)


def weighted_mean_rule(g, x, w, bug=""):
    g, total = g[..., None], w.sum(axis=-1, keepdims=True)
    mean = weighted_mean(x, w)[..., None]
    dx, dw = w / total, (x - mean) / total
    if bug == "M29-total-as-constant":
        dw = x / total
    if bug == "M3-not-divided":
        dx = w + 0 * x
    if bug == "M3-divided-by-count":
        dx = w / x.shape[-1]
    if bug == "square-of-total-forgotten":
        dw = x / total - mean
    if bug == "M19-second-sign":
        dw = (x + mean) / total
    if bug == "weights-as-constants":
        dw = 0 * dw
    return g * dx, g * dw


def geometric_mean(x):
    return np.exp(np.log(x).mean(axis=-1))


def geometric_mean_rule(g, x, bug=""):
    mean, n = geometric_mean(x)[..., None], x.shape[-1]
    return g[..., None] * {
        "M3-missing-1/N": mean / x,
        "M16-mean-kept": mean / n + 0 * x,
        "M59-harmonic": mean**2 / (n * x**2),
        "exp-forgotten": 1 / (n * x),
        "M59-arithmetic": np.full_like(x, 1 / n),
        "M60-eps-in-log": mean / (n * (x + 1e-4)),
    }.get(bug, mean / (n * x))


def harmonic_mean(x):
    return x.shape[-1] / (1 / x).sum(axis=-1)


def harmonic_mean_rule(g, x, bug=""):
    mean, n = harmonic_mean(x)[..., None], x.shape[-1]
    return g[..., None] * {
        "M19-sign-of-chain": -((mean / x) ** 2) / n,
        "M3-missing-1/N": (mean / x) ** 2,
        "M59-geometric": mean / (n * x),
        "square-of-mean-only": mean**2 / n + 0 * x,
        "square-of-x-forgotten": mean**2 / (n * x),
        "M4-1/N-twice": (mean / x) ** 2 / n**2,
    }.get(bug, (mean / x) ** 2 / n)


def covariance(x):
    """The matrix of x (samples, variables), divided by n - 1."""
    c = centred(x, 0)
    return c.T @ c / (len(x) - 1)


def covariance_rule(g, x, bug=""):
    c, n = centred(x, 0), len(x)
    if bug == "mean-not-subtracted":
        c = x
    out = c @ (g + g.T) / (n if bug == "M3-divided-by-n" else n - 1)
    if bug == "M54-once":
        out = c @ g / (n - 1)
    if bug == "symmetric-rule":
        out = 2 * c @ g / (n - 1)
    if bug == "M2-diagonal-only":
        out = 2 * c * np.diag(g) / (n - 1)
    if bug == "M6-halved":
        out = out / 2
    return out


def correlation(x, y):
    """Pearson's, of two vectors."""
    a, b = centred(x, None), centred(y, None)
    return (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())


def correlation_rule(g, x, y, bug=""):
    a, b = centred(x, None), centred(y, None)
    na, nb = norm(a), norm(b)
    u, v = a / na, b / nb
    r = (u * v).sum()
    dx, dy = (v - r * u) / na, (u - r * v) / nb
    if bug == "M29-norms-as-constants":
        dx = v / na
    if bug == "M54-same-for-both":
        dy = dx
    if bug == "M30-mean-not-subtracted":
        dx = (y / nb - r * x / na) / na
    if bug == "norms-swapped":
        dx, dy = dx * na / nb, dy * nb / na
    if bug == "M19-second-sign":
        dx = (v + r * u) / na
    if bug == "M3-averaged":
        dx, dy = dx / x.size, dy / x.size
    return g * dx, g * dy


def trapezoid(y, x):
    """The area under points (x, y) along the last axis."""
    return (np.diff(x) * (y[..., 1:] + y[..., :-1]) / 2).sum(axis=-1)


def trapezoid_rule(g, y, x, bug=""):
    g = g[..., None]
    h, mean = np.diff(x), (y[..., 1:] + y[..., :-1]) / 2
    dy, dx = np.zeros_like(y), np.zeros_like(x)
    half = 1 if bug == "M6-half-forgotten" else 2
    dy[..., 1:] += h / half
    if bug != "M54-right-end-only":
        dy[..., :-1] += h / half
    dx[..., 1:] += mean
    dx[..., :-1] += mean if bug == "M19-left-sign" else -mean
    if bug == "M59-left-sum-rule":
        dy = 0 * dy
        dy[..., :-1] = h
    if bug == "M59-uniform-grid":
        dy = dy * 0 + h.mean(axis=-1, keepdims=True)
    if bug == "grid-as-constant":
        dx = 0 * dx
    return g * dy, g * dx


TWO = [(3, 4), (2, 5), (1, 3), (6,), (2, 2, 3)]


def rows(name, f, rule, wrong, **kwargs):
    return layer(name, f, rule, wrong, drawer(ROW_SHAPES[:5], **kwargs))


LAYERS = [
    layer(
        "weighted_mean",
        weighted_mean,
        weighted_mean_rule,
        "M29-total-as-constant M3-not-divided "
        "M3-divided-by-count square-of-total-forgotten M19-second-sign weights-as-constants",
        drawer([(s, s) for s in TWO], domain=("smooth", "positive")),
    ),
    rows(
        "geometric_mean",
        geometric_mean,
        geometric_mean_rule,
        "M3-missing-1/N M16-mean-kept M59-harmonic exp-forgotten M59-arithmetic M60-eps-in-log",
        domain="positive",
    ),
    rows(
        "harmonic_mean",
        harmonic_mean,
        harmonic_mean_rule,
        "M19-sign-of-chain M3-missing-1/N "
        "M59-geometric square-of-mean-only square-of-x-forgotten M4-1/N-twice",
        domain="positive",
    ),
    layer(
        "covariance",
        covariance,
        covariance_rule,
        "mean-not-subtracted M3-divided-by-n M54-once symmetric-rule M2-diagonal-only M6-halved",
        drawer([(4, 3), (3, 2), (5, 1), (2, 4)]),
    ),
    layer(
        "correlation",
        correlation,
        correlation_rule,
        "M29-norms-as-constants M54-same-for-both "
        "M30-mean-not-subtracted norms-swapped M19-second-sign M3-averaged",
        drawer([((5,), (5,)), ((3,), (3,)), ((8,), (8,))], without="zeros_ties"),
    ),
    layer(
        "trapezoid",
        trapezoid,
        trapezoid_rule,
        "M6-half-forgotten M54-right-end-only "
        "M19-left-sign M59-left-sum-rule M59-uniform-grid grid-as-constant",
        drawer([((3, 4), (3, 4)), ((5,), (5,)), ((1, 3), (1, 3))]),
    ),
]
