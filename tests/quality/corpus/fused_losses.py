"""Losses with labels, among them those fused with softmax.

The labels are a fixed pattern computed from the shape.
"""

from __future__ import annotations

import numpy as np

from ._base import drawer, layer
from ._numerics import labels, log_softmax, one_hot, signs, softmax, softmax_back

SCORES = [(4, 3), (3, 5), (1, 4), (5, 2), (4, 4)]


def cross_entropy(x):
    n, c = x.shape
    return -(one_hot(n, c) * log_softmax(x)).sum() / n


def cross_entropy_rule(g, x, bug=""):
    n, c = x.shape
    y, p = one_hot(n, c), softmax(x)
    delta = p - y
    if bug == "M24-softmax-again":
        delta = softmax_back(delta, p)
    if bug == "M25-softmax-missing":
        delta = x - y
    if bug == "M20-diagonal-only":
        delta = delta * p
    if bug == "M23-normalised-over-all":
        delta = np.exp(x - x.max()) / np.exp(x - x.max()).sum() - y
    if bug == "label-shifted":
        delta = p - np.roll(y, 1, axis=1)
    if bug == "M60-eps-in-log":
        delta = delta * (y * p).sum(1, keepdims=True) / ((y * p).sum(1, keepdims=True) + 1e-3)
    scale = {"M3-missing-1/N": 1, "M4-1/N-twice": n**2, "M6-1/NC": n * c}.get(bug, n)
    return (1.0 if bug == "M27-upstream-ignored" else g) * delta / scale


def class_weights(c):
    return 1 + np.arange(c) / 2


def weighted_cross_entropy(x):
    n, c = x.shape
    w = class_weights(c)[labels(n, c)]
    return -(w[:, None] * one_hot(n, c) * log_softmax(x)).sum() / w.sum()


def weighted_cross_entropy_rule(g, x, bug=""):
    n, c = x.shape
    y, p, w = one_hot(n, c), softmax(x), class_weights(c)[labels(n, c)]
    each = w[:, None] * (p - y)
    if bug == "M26-weights-on-class-axis":
        each = class_weights(c) * (p - y)
    if bug == "weight-on-label-only":
        each = p - w[:, None] * y
    if bug == "weights-forgotten":
        each = p - y
    if bug == "M25-softmax-missing":
        each = w[:, None] * (x - y)
    scale = {"M5-divided-by-N": n, "M3-not-divided": 1}.get(bug, w.sum())
    return g * each / scale


SMOOTH = 0.1


def smoothed_cross_entropy(x):
    n, c = x.shape
    target = (1 - SMOOTH) * one_hot(n, c) + SMOOTH / c
    return -(target * log_softmax(x)).sum()


def smoothed_cross_entropy_rule(g, x, bug=""):
    n, c = x.shape
    y, p = one_hot(n, c), softmax(x)
    target = (1 - SMOOTH) * y + SMOOTH / c
    if bug == "smoothing-forgotten":
        target = y
    if bug == "smoothing-over-others":
        target = (1 - SMOOTH) * y + SMOOTH / (c - 1) * (1 - y)
    if bug == "label-not-lowered":
        target = y + SMOOTH / c
    if bug == "smoothing-not-divided":
        target = (1 - SMOOTH) * y + SMOOTH
    if bug == "M24-softmax-again":
        return g * softmax_back(p - target, p)
    if bug == "M3-mean-rule":
        return g * (p - target) / n
    return g * (p - target)


def focal_loss(x):
    n, c = x.shape
    log_p = (one_hot(n, c) * log_softmax(x)).sum(axis=1)
    return -((1 - np.exp(log_p)) ** 2 * log_p).mean()


def focal_loss_rule(g, x, bug=""):
    n, c = x.shape
    y, p = one_hot(n, c), softmax(x)
    log_p = (y * log_softmax(x)).sum(axis=1, keepdims=True)
    q = np.exp(log_p)
    slope = -((1 - q) ** 2) + 2 * q * (1 - q) * log_p
    if bug == "M29-weight-as-constant":
        slope = -((1 - q) ** 2)
    if bug == "M6-two-forgotten":
        slope = -((1 - q) ** 2) + q * (1 - q) * log_p
    if bug == "p-forgotten":
        slope = -((1 - q) ** 2) + 2 * (1 - q) * log_p
    if bug == "M59-cross-entropy-rule":
        slope = -1.0
    if bug == "weight-not-squared":
        slope = -(1 - q) + 2 * q * (1 - q) * log_p
    if bug == "M3-missing-1/N":
        return g * slope * (y - p)
    return g * slope * (y - p) / n


def temperature_distillation(x, teacher):
    """T^2 KL(softmax(teacher / T) || softmax(x / T)), averaged over the batch, T = 2."""
    a, b = log_softmax(teacher / 2), log_softmax(x / 2)
    return 4 * (np.exp(a) * (a - b)).sum() / len(x)


def temperature_distillation_rule(g, x, teacher, bug=""):
    a, b = log_softmax(teacher / 2), log_softmax(x / 2)
    p, q = np.exp(a), np.exp(b)
    scale = g / len(x)
    if bug == "M3-missing-1/N":
        scale = g
    dx = scale * {"M18-T-forgotten": 4, "M18-T-squared-forgotten": 0.5}.get(bug, 2) * (q - p)
    log_ratio = a - b
    divergence = (p * log_ratio).sum(axis=1, keepdims=True)
    dt = scale * 2 * p * (log_ratio - divergence)
    if bug == "teacher-detached":
        dt = np.zeros_like(dt)
    if bug == "divergence-term-forgotten":
        dt = scale * 2 * p * log_ratio
    if bug == "M59-teacher-as-minus-student":
        dt = -dx
    return dx, dt


def nll(log_p):
    n, c = log_p.shape
    return -log_p[np.arange(n), labels(n, c)].mean()


def nll_rule(g, log_p, bug=""):
    n, c = log_p.shape
    d = np.zeros_like(log_p)
    y = labels(n, c)
    if bug == "M48-columns-for-all-rows":
        d[:, y] = -g / n
    elif bug == "M24-softmax-rule":
        d = g * np.exp(np.minimum(log_p, 50)) / n
        d[np.arange(n), y] -= g / n
    elif bug == "M54-rows-not-used":
        d[0, y] = -g / n
    elif bug == "label-off-by-one":
        d[np.arange(n), (y + 1) % c] = -g / n
    else:
        d[np.arange(n), y] = -g / (1 if bug == "M3-missing-1/N" else n)
    return d


def multiclass_hinge(x):
    n, c = x.shape
    y = labels(n, c)
    margins = np.maximum(0, 1 + x - x[np.arange(n), y][:, None])
    margins[np.arange(n), y] = 0
    return margins.sum() / n


def multiclass_hinge_rule(g, x, bug=""):
    n, c = x.shape
    y, rows = labels(n, c), np.arange(n)
    d = (1 + x - x[rows, y][:, None] > 0) * 1.0
    if bug == "M58-margin-one-forgotten":
        d = (x - x[rows, y][:, None] > 0) * 1.0
    if bug == "M12-margins-for-mask":
        d = np.maximum(0, 1 + x - x[rows, y][:, None])
    if bug == "M58-mask-flipped":
        d = 1 - d
    d[rows, y] = 0
    if bug == "own-score-minus-1":
        d[rows, y] = -1
    elif bug == "own-score-minus-classes":
        d[rows, y] = 1 - c
    elif bug != "own-score-forgotten":
        d[rows, y] = -d.sum(axis=1)
    return g * d / (1 if bug == "M3-missing-1/N" else n)


def squared_hinge(x):
    return (np.maximum(0, 1 - signs(x.size).reshape(x.shape) * x) ** 2).mean()


def squared_hinge_rule(g, x, bug=""):
    y = signs(x.size).reshape(x.shape)
    slack = np.maximum(0, 1 - y * x)
    slope = {
        "label-forgotten": -2 * slack,
        "M59-hinge-rule": -y * (slack > 0),
        "M6-two-forgotten": -y * slack,
        "mask-forgotten": -2 * y * (1 - y * x),
        "M19-label-sign": 2 * y * slack,
        "mask-of-input": -2 * y * slack * (x > 0),
    }.get(bug, -2 * y * slack)
    return g * slope / (1 if bug == "M3-missing-1/N" else x.size)


EPS = 1e-7


def log_loss_with_eps(p):
    """-mean log(p_y + 1e-7), for labels of a fixed pattern."""
    n, c = p.shape
    return -np.log(p[np.arange(n), labels(n, c)] + EPS).mean()


def log_loss_with_eps_rule(g, p, bug=""):
    n, c = p.shape
    own = np.arange(n), labels(n, c)
    d = np.zeros_like(p)
    below = p[own] + (0 if bug == "M60-eps-omitted" else EPS)
    if bug == "M60-eps-1e-4":
        below = p[own] + 1e-4
    if bug == "log-forgotten":
        below = 1.0
    if bug == "denominator-squared":
        below = below**2
    d[own] = -g / below / (1 if bug == "M3-missing-1/N" else n)
    if bug == "M24-complement-too":
        d = g * (1 - p) / n + d
    if bug == "row-total-only":
        d = np.zeros_like(p) + d.sum(axis=1, keepdims=True)
    return d


LAYERS = [
    layer(
        "cross_entropy",
        cross_entropy,
        cross_entropy_rule,
        "M3-missing-1/N M4-1/N-twice "
        "M6-1/NC M19-sign M24-softmax-again M25-softmax-missing M20-diagonal-only "
        "M23-normalised-over-all M27-upstream-ignored label-shifted M60-eps-in-log",
        drawer(SCORES),
    ),
    layer(
        "weighted_cross_entropy",
        weighted_cross_entropy,
        weighted_cross_entropy_rule,
        "M26-weights-on-class-axis weight-on-label-only weights-forgotten M25-softmax-missing "
        "M5-divided-by-N M3-not-divided",
        drawer(SCORES),
    ),
    layer(
        "smoothed_cross_entropy",
        smoothed_cross_entropy,
        smoothed_cross_entropy_rule,
        "smoothing-forgotten smoothing-over-others label-not-lowered smoothing-not-divided "
        "M24-softmax-again M3-mean-rule",
        drawer(SCORES),
    ),
    layer(
        "focal_loss",
        focal_loss,
        focal_loss_rule,
        "M29-weight-as-constant M6-two-forgotten "
        "p-forgotten M59-cross-entropy-rule weight-not-squared M3-missing-1/N",
        drawer(SCORES),
    ),
    layer(
        "distillation",
        temperature_distillation,
        temperature_distillation_rule,
        "M18-T-forgotten M18-T-squared-forgotten teacher-detached divergence-term-forgotten "
        "M59-teacher-as-minus-student M3-missing-1/N",
        drawer([((3, 4), (3, 4)), ((1, 3), (1, 3)), ((4, 2), (4, 2))]),
    ),
    layer(
        "nll",
        nll,
        nll_rule,
        """M48-columns-for-all-rows M24-softmax-rule M54-rows-not-used label-off-by-one
        M3-missing-1/N M19-sign""",
        drawer(SCORES),
    ),
    layer(
        "multiclass_hinge",
        multiclass_hinge,
        multiclass_hinge_rule,
        """M58-margin-one-forgotten M12-margins-for-mask M58-mask-flipped own-score-minus-1
        own-score-minus-classes own-score-forgotten M3-missing-1/N""",
        drawer(SCORES, edges=(0.0, 1.0)),
    ),
    layer(
        "squared_hinge",
        squared_hinge,
        squared_hinge_rule,
        """label-forgotten M59-hinge-rule M6-two-forgotten mask-forgotten M19-label-sign
        mask-of-input M3-missing-1/N""",
        drawer([(6,), (3, 4), (1, 5), (2, 2, 3)], edges=(-1.0, 1.0)),
    ),
    layer(
        "log_loss_with_eps",
        log_loss_with_eps,
        log_loss_with_eps_rule,
        """M60-eps-omitted M60-eps-1e-4 log-forgotten denominator-squared M24-complement-too
        row-total-only M3-missing-1/N""",
        drawer(SCORES, domain="probability"),
    ),
]
