"""Losses. Means are over all entries or over the batch, as each function says."""

from __future__ import annotations

import numpy as np

from ._base import drawer, layer
from ._numerics import sigmoid, softplus

PAIRS = [((3, 4), (3, 4)), ((5,), (5,)), ((1, 4), (1, 4)), ((3, 1), (3, 1))]


def mse(a, y):
    return ((a - y) ** 2).mean()


def mse_rule(g, a, y, bug=""):
    d = a - y
    scale = {
        "M6-constant-dropped": 1,
        "M6-two-forgotten": 1 / a.size,
        "M3-missing-1/N": 2,
        "M4-1/N-twice": 2 / a.size**2,
        "M3-divided-by-batch-only": 2 / len(a),
        "M58-precedence": 1 / 2 * a.size,
    }.get(bug, 2 / a.size)
    if bug == "M27-upstream-ignored":
        return scale * d, -scale * d
    if bug == "M19-target-sign":
        return g * scale * d, g * scale * d
    return g * scale * d, -g * scale * d


def mae(a, y):
    return np.abs(a - y).mean()


def mae_rule(g, a, y, bug=""):
    s = np.sign(a - y)
    if bug == "M59-mse-rule":
        s = 2 * (a - y)
    if bug == "M58-sign-as-boolean":
        s = (a > y) * 1.0
    if bug == "sign-of-prediction":
        s = np.sign(a)
    s = s / (1 if bug == "M3-missing-1/N" else a.size)
    return g * s, g * s if bug == "M19-target-sign" else -g * s


HUBER = 0.7


def huber_loss(a, y):
    d = np.abs(a - y)
    return np.where(d <= HUBER, d**2 / 2, HUBER * (d - HUBER / 2)).sum()


def huber_loss_rule(g, a, y, bug=""):
    d = a - y
    slope = {
        "no-linear-part": d,
        "M18-delta-forgotten": np.clip(d, -1, 1),
        "M58-mask-without-abs": np.where(d <= HUBER, d, HUBER * np.sign(d)),
        "M18-linear-part-not-scaled": np.where(np.abs(d) <= HUBER, d, np.sign(d)),
        "linear-part-unsigned": np.where(np.abs(d) <= HUBER, d, HUBER),
        "M6-two": np.where(np.abs(d) <= HUBER, 2 * d, HUBER * np.sign(d)),
    }.get(bug, np.clip(d, -HUBER, HUBER))
    return g * slope, -g * slope


def log_cosh(a, y):
    d = np.abs(a - y)
    return (d + np.log1p(np.exp(-2 * d)) - np.log(2)).mean()


def log_cosh_rule(g, a, y, bug=""):
    d = a - y
    slope = {
        "M59-mse-rule": d,
        "log-forgotten": np.sinh(np.clip(d, -50, 50)),
        "M59-tanh-slope": 1 - np.tanh(d) ** 2,
        "M59-sigmoid": sigmoid(d),
        "M14-tanh-of-prediction": np.tanh(a),
    }.get(bug, np.tanh(d)) / (1 if bug == "M3-missing-1/N" else a.size)
    return g * slope, -g * slope


def binary_cross_entropy(p, y):
    return -(y * np.log(p) + (1 - y) * np.log1p(-p)).mean()


def binary_cross_entropy_rule(g, p, y, bug=""):
    dp = (p - y) / (p * (1 - p))
    if bug == "M24-fused-with-sigmoid":
        dp = p - y
    if bug == "second-term-forgotten":
        dp = -y / p
    if bug == "second-term-sign":
        dp = -y / p - (1 - y) / (1 - p)
    if bug == "M60-eps-in-denominator":
        dp = (p - y) / (p * (1 - p) + 1e-3)
    if bug == "denominator-without-1-p":
        dp = (p - y) / p
    dy = np.log1p(-p) - np.log(p)
    if bug == "label-second-term-forgotten":
        dy = -np.log(p)
    scale = g / (1 if bug == "M3-missing-1/N" else p.size)
    return scale * dp, scale * dy


def bce_with_logits(z, y):
    return (softplus(z) - y * z).sum() / len(z)


def bce_with_logits_rule(g, z, y, bug=""):
    s = sigmoid(z)
    dz = {
        "M24-sigmoid-slope-again": (s - y) * s * (1 - s),
        "M25-sigmoid-missing": z - y,
        "M15-sigmoid-twice": sigmoid(s) - y,
        "label-term-scaled": s - y * s,
        "M19-sign-of-label": s + y,
    }.get(bug, s - y)
    scale = g / {"M3-missing-1/N": 1, "M4-1/N-twice": len(z) ** 2}.get(bug, len(z))
    return scale * dz, -scale * (s if bug == "label-gets-probability" else z)


def kl_divergence(p, q):
    """The generalised divergence: p and q need not sum to 1."""
    return (p * np.log(p / q) - p + q).sum()


def kl_divergence_rule(g, p, q, bug=""):
    dp, dq = np.log(p / q), 1 - p / q
    if bug == "mass-terms-forgotten":
        dp, dq = dp + 1, -p / q
    if bug == "M59-reverse-direction":
        dp, dq = 1 - q / p, np.log(q / p)
    if bug == "log-p-only":
        dp = np.log(p)
    if bug == "M60-eps-in-denominator":
        dq = 1 - p / (q + 1e-4)
    if bug == "p-forgotten":
        dq = 1 - 1 / q
    return g * dp, g * dq


def poisson_nll(log_rate, count):
    return (np.exp(log_rate) - count * log_rate).mean()


def poisson_nll_rule(g, log_rate, count, bug=""):
    rate = np.exp(log_rate)
    dz = {
        "M14-rate-for-log-rate": 1 - count / rate,
        "exp-forgotten": log_rate - count,
        "count-forgotten": rate,
        "M19-count-sign": rate + count,
        "second-order": rate * (rate - count),
    }.get(bug, rate - count)
    scale = g / (1 if bug == "M3-missing-1/N" else count.size)
    return scale * dz, -scale * (rate if bug == "count-gets-rate" else log_rate)


def gaussian_nll(mean, variance, y):
    return 0.5 * (np.log(variance) + (y - mean) ** 2 / variance).sum()


def gaussian_nll_rule(g, mean, variance, y, bug=""):
    r = y - mean
    dm = -r / (np.sqrt(variance) if bug == "deviation-for-variance" else variance)
    dv = 0.5 * (1 / variance - (r / variance) ** 2)
    if bug == "log-term-forgotten":
        dv = -0.5 * (r / variance) ** 2
    if bug == "M30-square-of-variance-forgotten":
        dv = 0.5 * (1 / variance - r**2 / variance)
    if bug == "M29-variance-as-constant":
        dv = np.zeros_like(dv)
    if bug == "M6-half-forgotten":
        dv = 2 * dv
    if bug == "M60-eps-in-variance":
        dm = -r / (variance + 1e-4)
    return g * dm, g * dv, g * dm if bug == "M19-target-sign" else -g * dm


TAU = 0.3


def pinball(q, y):
    d = y - q
    return np.maximum(TAU * d, (TAU - 1) * d).mean()


def pinball_rule(g, q, y, bug=""):
    d = y - q
    slope = {
        "tau-swapped": np.where(d > 0, 1 - TAU, -TAU),
        "M59-median": np.where(d > 0, 0.5, -0.5),
        "M18-tau-forgotten": np.sign(d),
        "below-sign": np.where(d > 0, TAU, 1 - TAU),
        "M58-mask-of-prediction": np.where(q < 0, TAU, TAU - 1),
    }.get(bug, np.where(d > 0, TAU, TAU - 1)) / (1 if bug == "M3-missing-1/N" else q.size)
    return -g * slope, g * slope


LAYERS = [
    layer(
        "mse",
        mse,
        mse_rule,
        """M6-constant-dropped M6-two-forgotten M3-missing-1/N M4-1/N-twice M58-precedence
        M3-divided-by-batch-only M27-upstream-ignored M19-target-sign""",
        drawer(PAIRS),
    ),
    layer(
        "mae",
        mae,
        mae_rule,
        "M59-mse-rule M58-sign-as-boolean sign-of-prediction M3-missing-1/N M19-target-sign",
        drawer(PAIRS, edges=(0.0, 1.0)),
        "at a tie sign(0) = 0",
    ),
    layer(
        "huber_loss",
        huber_loss,
        huber_loss_rule,
        """no-linear-part M18-delta-forgotten M58-mask-without-abs linear-part-unsigned M6-two
        M18-linear-part-not-scaled""",
        drawer(PAIRS, edges=(0.0, HUBER)),
    ),
    layer(
        "log_cosh",
        log_cosh,
        log_cosh_rule,
        """M59-mse-rule log-forgotten M59-tanh-slope M59-sigmoid M14-tanh-of-prediction
        M3-missing-1/N""",
        drawer(PAIRS),
        "the terms cancel near 0",
    ),
    layer(
        "binary_cross_entropy",
        binary_cross_entropy,
        binary_cross_entropy_rule,
        """M24-fused-with-sigmoid second-term-forgotten second-term-sign M60-eps-in-denominator
        denominator-without-1-p label-second-term-forgotten M3-missing-1/N""",
        drawer(PAIRS, domain="probability"),
    ),
    layer(
        "bce_with_logits",
        bce_with_logits,
        bce_with_logits_rule,
        """M24-sigmoid-slope-again M25-sigmoid-missing M15-sigmoid-twice label-term-scaled
        M19-sign-of-label M3-missing-1/N M4-1/N-twice label-gets-probability""",
        drawer(PAIRS, domain=("smooth", "probability")),
    ),
    layer(
        "kl_divergence",
        kl_divergence,
        kl_divergence_rule,
        """mass-terms-forgotten M59-reverse-direction log-p-only M60-eps-in-denominator p-forgotten
        swapped-gradients""",
        drawer(PAIRS, domain="positive"),
    ),
    layer(
        "poisson_nll",
        poisson_nll,
        poisson_nll_rule,
        """M14-rate-for-log-rate exp-forgotten count-forgotten M19-count-sign second-order
        M3-missing-1/N count-gets-rate""",
        drawer(PAIRS, domain=("smooth", "positive"), without="x1e3 x1e8 +1e3 +1e6 mixed"),
    ),
    layer(
        "gaussian_nll",
        gaussian_nll,
        gaussian_nll_rule,
        """deviation-for-variance log-term-forgotten M30-square-of-variance-forgotten
        M29-variance-as-constant M6-half-forgotten M60-eps-in-variance M19-target-sign""",
        drawer([(s, s, s) for s, _ in PAIRS], domain=("smooth", "positive", "smooth")),
    ),
    layer(
        "pinball",
        pinball,
        pinball_rule,
        """tau-swapped M59-median M18-tau-forgotten below-sign M58-mask-of-prediction
        M3-missing-1/N""",
        drawer(PAIRS, edges=(0.0, 1.0)),
    ),
]
