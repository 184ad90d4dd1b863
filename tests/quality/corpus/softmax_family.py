"""Softmax and its relatives."""

from __future__ import annotations

import numpy as np

from ._base import ROW_SHAPES, drawer, layer
from ._numerics import log_softmax, softmax, softmax_back

SCORES = [(4, 3), (3, 5), (1, 4), (5, 2), (4, 4)]


def softmax_jacobian_mistake(g, x, s, bug, axis=-1):
    """The ways to get J^T g wrong that softmax and softmin share."""
    inner = (g * s).sum(axis=axis, keepdims=True)
    return {
        "M20-diagonal-only": g * s * (1 - s),
        "M21-input-for-output": s * (g - (g * x).sum(axis=axis, keepdims=True)),
        "inner-product-unweighted": s * (g - g.sum(axis=axis, keepdims=True)),
        "inner-product-sum-over-all": s * (g - (g * s).sum()),
        "inner-product-averaged": s * (g - inner / s.shape[axis]),
        "outer-s-forgotten": g - inner,
        "M16-output-returned": g * s,
        "square-for-product": s * g - s**2,
    }[bug]


def softmax_rule(g, x, bug=""):
    s = softmax(x)
    if bug == "M23-normalised-over-all":
        e = np.exp(x - x.max())
        return softmax_back(g, e / e.sum(), axis=-1)
    return softmax_jacobian_mistake(g, x, s, bug) if bug else softmax_back(g, s)


def channel_softmax(x):
    return softmax(x, axis=1)


def channel_softmax_rule(g, x, bug=""):
    s = softmax(x, axis=1)
    if bug == "M23-wrong-axis":
        return softmax_back(g, s, axis=-1)
    if bug == "M23-softmax-of-last-axis":
        return softmax_back(g, softmax(x), axis=-1)
    if bug == "M48-wrong-channel":
        return softmax_back(g, np.roll(s, 1, axis=1), axis=1)
    return softmax_jacobian_mistake(g, x, s, bug, axis=1) if bug else softmax_back(g, s, axis=1)


def softmin(x):
    return softmax(-x)


def softmin_rule(g, x, bug=""):
    s = softmin(x)
    if bug == "M19-inner-sign-forgotten":
        return softmax_back(g, s)
    if bug == "softmax-of-plus":
        return -softmax_back(g, softmax(x))
    return -softmax_jacobian_mistake(g, x, s, bug) if bug else -softmax_back(g, s)


def tempered(x, t):
    return softmax(x / t)


def tempered_rule(g, x, t, bug=""):
    s = softmax(x / t)
    back = softmax_back(g, s)
    if bug == "M20-diagonal-only":
        back = g * s * (1 - s)
    dx = back if bug == "M18-temperature-forgotten" else back / t
    if bug == "M18-temperature-multiplied":
        dx = back * t
    dt = -(back * x).sum(axis=-1, keepdims=True) / t**2
    if bug == "square-forgotten":
        dt = dt * t
    if bug == "M19-temperature-sign":
        dt = -dt
    if bug == "M10-temperature-not-reduced":
        dt = -back * x / t**2
    if bug == "M8-temperature-summed-over-all":
        dt = np.full_like(t, dt.sum())
    return dx, dt


def log_softmax_rule(g, x, bug=""):
    s = softmax(x)
    total = g.sum(axis=-1, keepdims=True)
    if bug == "upstream-assumed-one-hot":
        total = 1.0
    if bug == "M23-total-over-all":
        total = g.sum()
    if bug == "total-averaged":
        total = g.mean(axis=-1, keepdims=True)
    if bug == "M24-softmax-rule":
        return softmax_back(g, s)
    if bug == "M14-log-softmax-for-softmax":
        return g - log_softmax(x) * total
    if bug == "M20-diagonal-only":
        return g * (1 - s)
    if bug == "total-weighted":
        return g - s * (g * s).sum(axis=-1, keepdims=True)
    return g - s * total


def logsumexp(x):
    top = x.max(axis=-1)
    return top + np.log(np.exp(x - top[..., None]).sum(axis=-1))


def logsumexp_rule(g, x, bug=""):
    g = g[..., None]
    if bug == "M59-max-rule":
        return g * (x == x.max(axis=-1, keepdims=True))
    if bug == "M3-mean-rule":
        return g * softmax(x) / x.shape[-1]
    if bug == "not-normalised":
        return g * np.exp(x - x.max(axis=-1, keepdims=True))
    if bug == "M23-normalised-over-all":
        return g * np.exp(x - x.max()) / np.exp(x - x.max()).sum()
    if bug == "softmax-jacobian":
        return softmax_back(g * softmax(x), softmax(x))
    if bug == "one-minus":
        return g * (1 - softmax(x))
    return g * softmax(x)


def sparsemax_support(x):
    ordered = -np.sort(-x, axis=-1)
    k = np.arange(1, x.shape[-1] + 1)
    # Measured from the largest, so that a large common offset does not round the threshold away.
    ordered = ordered - ordered[..., :1]
    above = np.cumsum(ordered, axis=-1) - 1
    size = (k * ordered > above).sum(axis=-1, keepdims=True)
    threshold = np.take_along_axis(above, size - 1, axis=-1) / size
    return x - x.max(axis=-1, keepdims=True) - threshold


def sparsemax(x):
    return np.maximum(sparsemax_support(x), 0)


def sparsemax_rule(g, x, bug=""):
    support = sparsemax_support(x) > 0
    if bug == "support-forgotten":
        support = np.ones_like(support)
    if bug == "support-of-input":
        support = x > 0
    size = support.sum(axis=-1, keepdims=True)
    mean = (g * support).sum(axis=-1, keepdims=True) / np.maximum(size, 1)
    if bug == "mean-over-all-classes":
        mean = (g * support).sum(axis=-1, keepdims=True) / x.shape[-1]
    if bug == "mean-of-all":
        mean = g.mean(axis=-1, keepdims=True)
    if bug == "M29-threshold-as-constant":
        mean = 0.0
    if bug == "M59-softmax-rule":
        return softmax_back(g, sparsemax(x))
    return support * (g - mean) if bug != "outer-mask-forgotten" else g - mean


def causal_softmax(x):
    """Rows attend to columns up to their own."""
    keep = np.tril(np.ones(x.shape[-2:], bool))
    return softmax(np.where(keep, x, -np.inf))


def causal_softmax_rule(g, x, bug=""):
    keep = np.tril(np.ones(x.shape[-2:], bool))
    s = causal_softmax(x)
    if bug == "mask-forgotten":
        return softmax_back(g, softmax(x))
    if bug == "mask-transposed":
        return softmax_back(g, softmax(np.where(keep.T, x, -1e9)))
    if bug == "mask-to-zero":
        return softmax_back(g, softmax(np.where(keep, x, 0)))
    if bug == "mask-strict":
        return np.tril(softmax_back(g, s), -1)
    if bug == "inner-product-unmasked":
        return s * (g - (g * softmax(x)).sum(axis=-1, keepdims=True))
    return softmax_jacobian_mistake(g, x, s, bug) if bug else softmax_back(g, s)


def soft_argmax(x):
    return (softmax(x) * np.arange(x.shape[-1])).sum(axis=-1)


def soft_argmax_rule(g, x, bug=""):
    place, s = np.arange(x.shape[-1]), softmax(x)
    if bug == "places-from-1":
        return g[..., None] * s * (place + 1 - (s * place).sum(axis=-1, keepdims=True))
    if bug == "M29-normaliser-as-constant":
        return g[..., None] * s * place
    if bug == "M20-diagonal-only":
        return g[..., None] * place * s * (1 - s)
    if bug == "place-of-the-maximum":
        return g[..., None] * s * (place - x.argmax(axis=-1)[..., None])
    if bug == "outer-s-forgotten":
        return g[..., None] * (place - (s * place).sum(axis=-1, keepdims=True))
    return g[..., None] * s * (place - (s * place).sum(axis=-1, keepdims=True))


def entropy_of_softmax(x):
    return -(softmax(x) * log_softmax(x)).sum(axis=-1)


def entropy_rule(g, x, bug=""):
    s, log_s = softmax(x), log_softmax(x)
    h = entropy_of_softmax(x)[..., None]
    if bug == "M59-gradient-in-s":
        return -g[..., None] * (log_s + 1)
    if bug == "entropy-term-forgotten":
        return -g[..., None] * s * log_s
    if bug == "M19-entropy-sign":
        return -g[..., None] * s * (log_s - h)
    if bug == "M20-diagonal-only":
        return -g[..., None] * s * (1 - s) * (log_s + 1)
    if bug == "log-of-input":
        return -g[..., None] * s * (x + h)
    return -g[..., None] * s * (log_s + h)


J = (
    "M20-diagonal-only M21-input-for-output inner-product-unweighted inner-product-averaged "
    "outer-s-forgotten M16-output-returned "
)

LAYERS = [
    layer(
        "softmax",
        softmax,
        softmax_rule,
        J + "M23-normalised-over-all M27-upstream-ignored "
        "inner-product-sum-over-all square-for-product M28-first-upstream-only "
        "M22-jacobian-averaged",
        drawer(ROW_SHAPES[:5]),
    ),
    layer(
        "softmax_axis1",
        channel_softmax,
        channel_softmax_rule,
        J + "M23-wrong-axis M23-softmax-of-last-axis M48-wrong-channel",
        drawer([(2, 3, 4), (1, 4, 2), (3, 5, 1)]),
    ),
    layer(
        "softmin",
        softmin,
        softmin_rule,
        J + "M19-inner-sign-forgotten softmax-of-plus",
        drawer(SCORES),
    ),
    layer(
        "softmax_temperature",
        tempered,
        tempered_rule,
        "M18-temperature-forgotten "
        "M18-temperature-multiplied square-forgotten M19-temperature-sign "
        "M10-temperature-not-reduced M8-temperature-summed-over-all M20-diagonal-only",
        drawer(
            [((3, 4), (3, 1)), ((2, 5), (2, 1)), ((1, 3), (1, 1))],
            domain=("smooth", "positive"),
            without="mixed edges",
        ),
    ),
    layer(
        "log_softmax",
        log_softmax,
        log_softmax_rule,
        "upstream-assumed-one-hot "
        "M23-total-over-all total-averaged M24-softmax-rule M14-log-softmax-for-softmax "
        "M20-diagonal-only total-weighted M27-upstream-ignored",
        drawer(ROW_SHAPES[:5]),
    ),
    layer(
        "logsumexp",
        logsumexp,
        logsumexp_rule,
        "M59-max-rule M3-mean-rule not-normalised "
        "M23-normalised-over-all softmax-jacobian one-minus",
        drawer(ROW_SHAPES[:5]),
    ),
    layer(
        "sparsemax",
        sparsemax,
        sparsemax_rule,
        "support-forgotten support-of-input "
        "mean-over-all-classes mean-of-all M29-threshold-as-constant M59-softmax-rule "
        "outer-mask-forgotten",
        drawer(SCORES, edges=(0.0, 1.0)),
    ),
    layer(
        "causal_softmax",
        causal_softmax,
        causal_softmax_rule,
        J + "mask-forgotten mask-transposed mask-to-zero mask-strict inner-product-unmasked",
        drawer([(4, 4), (3, 3), (2, 3, 3), (2, 2)]),
    ),
    layer(
        "soft_argmax",
        soft_argmax,
        soft_argmax_rule,
        "M29-normaliser-as-constant "
        "M20-diagonal-only place-of-the-maximum outer-s-forgotten M47-sample-0-only "
        "M27-upstream-ignored",
        drawer(SCORES),
    ),
    layer(
        "entropy_of_softmax",
        entropy_of_softmax,
        entropy_rule,
        "M59-gradient-in-s entropy-term-forgotten M19-entropy-sign M20-diagonal-only log-of-input",
        drawer(SCORES),
    ),
]
