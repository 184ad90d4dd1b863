"""Division by a norm or a spread, without a layer's statistics."""

from __future__ import annotations

import numpy as np

from ._base import ROW_SHAPES, drawer, layer
from ._numerics import centred

SOFT = 1e-6  # inside the root: the norm is smooth at 0


def length(x, soft=SOFT):
    return np.sqrt((x**2).sum(axis=-1, keepdims=True) + soft)


def unit_vector(x):
    return x / length(x)


def unit_vector_rule(g, x, bug=""):
    size = length(x)
    if bug == "M60-eps-omitted":
        size = length(x, 0)
    if bug == "M60-eps-outside-root":
        size = length(x, 0) + SOFT
    inner = (g * x).sum(axis=-1, keepdims=True)
    if bug == "M29-norm-as-constant":
        inner = 0
    if bug == "M23-inner-product-over-all":
        inner = (g * x).sum()
    if bug == "M3-inner-product-averaged":
        inner = inner / x.shape[-1]
    if bug == "square-for-cube":
        return g / size - x * inner / size**2
    if bug == "M19-second-sign":
        return g / size + x * inner / size**3
    if bug == "M20-diagonal-only":
        return g / size - g * x**2 / size**3
    return g / size - x * inner / size**3


def weight_norm(v, gain):
    return gain[:, None] * unit_vector(v)


def weight_norm_rule(g, v, gain, bug=""):
    dv = gain[:, None] * unit_vector_rule(g, v)
    if bug == "M31-gain-omitted":
        dv = unit_vector_rule(g, v)
    if bug == "M29-norm-as-constant":
        dv = gain[:, None] * g / length(v)
    if bug == "M31-gain-omitted-in-first-term":
        dv = dv + (1 - gain[:, None]) * g / length(v)
    d_gain = g * unit_vector(v)
    if bug == "gain-not-divided":
        d_gain = g * v
    if bug == "M32-gain-from-output":
        d_gain = g * weight_norm(v, gain)
    if bug == "M7-gain-not-summed":
        return dv, d_gain
    d_gain = d_gain.sum(axis=1)
    return dv, np.full_like(gain, d_gain.sum()) if bug == "M8-summed-over-all" else d_gain


def cosine(a, b):
    return (a * b).sum(axis=-1) / (length(a) * length(b))[..., 0]


def cosine_rule(g, a, b, bug=""):
    na, nb = length(a), length(b)
    c, g = cosine(a, b)[..., None], g[..., None]
    da, db = b / (na * nb) - c * a / na**2, a / (na * nb) - c * b / nb**2
    if bug == "M29-norms-as-constants":
        da, db = b / (na * nb), a / (na * nb)
    if bug == "M54-same-for-both":
        db = da
    if bug == "square-forgotten":
        da = b / (na * nb) - c * a / na
    if bug == "norms-swapped":
        da = b / (na * nb) - c * a / nb**2
    if bug == "M19-second-sign":
        da = b / (na * nb) + c * a / na**2
    if bug == "M60-eps-omitted":
        da = b / (na * nb) - c * a / (na**2 - SOFT)
    if bug == "M47-sample-0-only":
        return g * np.where(np.arange(len(a))[:, None] == 0, da, 0), g * db
    return g * da, g * db


WINDOW, POWER = 1, 0.75  # one channel to either side


def neighbours(x):
    """Sums over neighbouring channels (axis 1)."""
    padded = np.pad(x, ((0, 0), (WINDOW, WINDOW)) + ((0, 0),) * (x.ndim - 2))
    return sum(padded[:, i : i + x.shape[1]] for i in range(2 * WINDOW + 1))


def response_norm(x):
    """Local response normalisation: x / (2 + 0.1 * sum of x^2 over neighbours) ** 0.75."""
    return x * (2 + 0.1 * neighbours(x**2)) ** -POWER


def response_norm_rule(g, x, bug=""):
    base = 2 + 0.1 * neighbours(x**2)
    inner = g * x * base ** (-POWER - 1)
    if bug == "M29-scale-as-constant":
        inner = 0 * inner
    if bug == "M48-own-channel-only":
        return g * base**-POWER - 2 * 0.1 * POWER * x * inner
    if bug == "power-not-lowered":
        inner = g * x * base**-POWER
    factor = {"M6-two-forgotten": 1, "M18-alpha-forgotten": 20}.get(bug, 2)
    if bug == "M18-beta-forgotten":
        factor = 2 / POWER
    second = factor * 0.1 * POWER * x * neighbours(inner)
    return g * base**-POWER + (second if bug == "M19-second-sign" else -second)


def standardised(x):
    """Over the whole array, with n - 1 and no epsilon (so at least two entries, not all equal)."""
    c = centred(x, None)
    return c / np.sqrt((c**2).sum() / (x.size - 1))


def standardised_rule(g, x, bug=""):
    c = centred(x, None)
    free = {"M3-n-for-n-minus-1": x.size, "M3-n-minus-2": x.size - 2}.get(bug, x.size - 1)
    std = np.sqrt((c**2).sum() / free)
    z = c / std
    mean_path = 0 if bug == "M30-mean-path-missing" else g.mean()
    share = x.size if bug == "M3-variance-path-over-n" else x.size - 1
    variance_path = 0 if bug == "M30-variance-path-missing" else z * (g * z).sum() / share
    if bug == "M29-statistics-as-constants":
        return g / std
    if bug == "M34-rows-for-all":
        mean_path = g.mean(axis=-1, keepdims=True)
    return (g - mean_path - variance_path) / std


def min_max(x):
    low, high = x.min(axis=-1, keepdims=True), x.max(axis=-1, keepdims=True)
    return (x - low) / (high - low + 1)


def min_max_rule(g, x, bug=""):
    """At ties the whole gradient of the extreme goes to its first place."""
    low, high = x.min(axis=-1, keepdims=True), x.max(axis=-1, keepdims=True)
    spread = high - low + (0 if bug == "M60-one-omitted" else 1)
    places = np.arange(x.shape[-1])
    at_low = places == x.argmin(axis=-1)[..., None]
    at_high = places == x.argmax(axis=-1)[..., None]
    y = (x - low) / spread
    total, weighted = g.sum(axis=-1, keepdims=True), (g * y).sum(axis=-1, keepdims=True)
    if bug == "M29-extremes-as-constants":
        return g / spread
    if bug == "maximum-as-constant":
        return (g - at_low * (total - weighted)) / spread
    if bug == "minimum-as-constant":
        return (g - at_high * weighted) / spread
    if bug == "M19-low-sign":
        return (g + at_low * (total - weighted) - at_high * weighted) / spread
    if bug == "low-in-numerator-only":
        return (g - at_low * total - at_high * weighted) / spread
    if bug == "rare-M36-ties-all":
        at_low, at_high = x == low, x == high
    return (g - at_low * (total - weighted) - at_high * weighted) / spread


def lp_normalised(x):
    """x divided by its norm of order 4 (and 1 added under the root)."""
    return x / ((x**4).sum(axis=-1, keepdims=True) + 1) ** 0.25


def lp_normalised_rule(g, x, bug=""):
    # Scaled before the powers are taken, so that x^4 cannot overflow in the second term.
    size = ((x**4).sum(axis=-1, keepdims=True) + 1) ** 0.25
    u = x / size
    inner = (g * u).sum(axis=-1, keepdims=True)
    second = {
        "M59-order-2-rule": u * inner,
        "M29-norm-as-constant": 0 * u,
        "power-4": u**4 * inner,
        "M18-order-kept": 4 * u**3 * inner,
        "abs-cube": np.abs(u) ** 3 * inner,
        "M20-diagonal-only": g * u**4,
    }.get(bug, u**3 * inner)
    return (g - second) / size


LAYERS = [
    layer(
        "unit_vector",
        unit_vector,
        unit_vector_rule,
        """M60-eps-omitted M60-eps-outside-root M29-norm-as-constant M23-inner-product-over-all
        M3-inner-product-averaged square-for-cube M19-second-sign M20-diagonal-only""",
        drawer(ROW_SHAPES[:5]),
    ),
    layer(
        "weight_norm",
        weight_norm,
        weight_norm_rule,
        """M31-gain-omitted M29-norm-as-constant M31-gain-omitted-in-first-term gain-not-divided
        M32-gain-from-output M7-gain-not-summed M8-summed-over-all""",
        drawer([((3, 4), (3,)), ((2, 2), (2,)), ((1, 5), (1,)), ((4, 1), (4,))]),
    ),
    layer(
        "cosine",
        cosine,
        cosine_rule,
        """M29-norms-as-constants M54-same-for-both square-forgotten norms-swapped M19-second-sign
        M60-eps-omitted M47-sample-0-only""",
        drawer([((3, 4), (3, 4)), ((1, 3), (1, 3)), ((5, 2), (5, 2))]),
    ),
    layer(
        "response_norm",
        response_norm,
        response_norm_rule,
        """M29-scale-as-constant M48-own-channel-only power-not-lowered M6-two-forgotten
        M18-alpha-forgotten M18-beta-forgotten M19-second-sign""",
        drawer([(3, 4), (2, 3, 2, 2), (1, 5), (2, 1, 3)]),
    ),
    layer(
        "standardised",
        standardised,
        standardised_rule,
        """M3-n-for-n-minus-1 M3-n-minus-2 M30-mean-path-missing M3-variance-path-over-n
        M30-variance-path-missing M29-statistics-as-constants M34-rows-for-all""",
        drawer([(3, 4), (6,), (4, 1), (2, 3, 2)], without="zeros_ties"),
    ),
    layer(
        "min_max",
        min_max,
        min_max_rule,
        """M60-one-omitted M29-extremes-as-constants maximum-as-constant minimum-as-constant
        M19-low-sign low-in-numerator-only rare-M36-ties-all""",
        drawer(ROW_SHAPES[:5], edges=(0.0, 1.0)),
    ),
    layer(
        "lp_normalised",
        lp_normalised,
        lp_normalised_rule,
        """M59-order-2-rule M29-norm-as-constant power-4 M18-order-kept abs-cube
        M20-diagonal-only""",
        drawer(ROW_SHAPES[:5]),
    ),
]
