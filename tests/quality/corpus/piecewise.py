"""Functions with kinks. At a kink the mean of both slopes or the slope of one side is taken; the
comment says which where it is not zero."""

from __future__ import annotations

import numpy as np

from ._base import BINARY_SHAPES, ELEMENTWISE_SHAPES, binary, drawer, elementwise, layer

USUAL = "M12-no-upstream M13-slope-at-upstream M19-sign"


def at(*edges, spread=1.0):
    return drawer(ELEMENTWISE_SHAPES, edges=edges, spread=spread)


def abs_slopes(x):
    return {
        "": np.sign(x),
        "M58-boolean": (x > 0) * 1.0,
        "M59-square-rule": 2 * x,
        "always-one": np.ones_like(x),
        "M59-smooth": x / np.sqrt(x**2 + 1e-4),
        "slope-0.999": 0.999 * np.sign(x),
    }


def clip(x):
    return np.clip(x, -1, 1)


def clip_slopes(x):
    return {
        "": (np.abs(x) < 1) * 1.0,
        "M58-upper-only": (x < 1) * 1.0,
        "clip-forgotten": np.ones_like(x),
        "M16-value": clip(x),
        "outside-for-inside": (np.abs(x) > 1) * 1.0,
        "sign-outside": np.where(np.abs(x) < 1, 1, np.sign(x)),
    }


def clip_between(x, low, high):
    """Limits are inputs too: low lies below high."""
    return np.minimum(np.maximum(x, low), high)


def ordered(x, low, high):
    return x, np.minimum(low, high) - 0.1, np.maximum(low, high) + 0.1


def clip_between_rule(g, x, low, high, bug=""):
    under, over = x < low, x > high
    d_low, d_high = g * under, g * over
    if bug == "limits-swapped":
        d_low, d_high = d_high, d_low
    if bug == "limits-as-constants":
        d_low, d_high = 0 * g, 0 * g
    if bug == "x-not-masked":
        return np.array(g), d_low, d_high
    if bug == "M19-high-sign":
        d_high = -d_high
    if bug == "limit-gets-rest":
        d_low = g * ~over
    if bug == "M58-mask-of-low-only":
        return g * ~under, d_low, d_high
    return g * ~(under | over), d_low, d_high


KNEE = 0.8


def huber(x):
    return np.where(np.abs(x) <= KNEE, x**2 / 2, KNEE * (np.abs(x) - KNEE / 2))


def huber_slopes(x):
    inside = np.abs(x) <= KNEE
    return {
        "": np.clip(x, -KNEE, KNEE),
        "no-linear-part": x,
        "M18-knee-forgotten": np.where(inside, x, np.sign(x)),
        "M58-abs-forgotten": np.where(x <= KNEE, x, KNEE),
        "linear-part-unsigned": np.where(inside, x, KNEE),
        "M6-two": np.where(inside, 2 * x, KNEE * np.sign(x)),
    }


def smoothstep(x):
    """3 t^2 - 2 t^3 of t = x held between 0 and 1: its slope has no jump."""
    t = np.clip(x, 0, 1)
    return t * t * (3 - 2 * t)


def smoothstep_slopes(x):
    t = np.clip(x, 0, 1)
    return {
        "": 6 * t * (1 - t),
        "clip-forgotten": 6 * x * (1 - x),
        "M16-value": smoothstep(x),
        "M6-three": 3 * t * (1 - t),
        "second-term-forgotten": 6 * t * (t < 1),
        "M59-linear-step": ((x > 0) & (x < 1)) * 1.0,
    }


def triangle_wave(x):
    """The distance from x to the nearest even number."""
    return np.abs(x - 2 * np.round(x / 2))


def triangle_wave_slopes(x):
    r = x - 2 * np.round(x / 2)
    return {
        "": np.sign(r),
        "M59-abs-rule": np.sign(x),
        "M18-period-halved": np.sign(x - np.round(x)),
        "M59-sine": np.sin(np.pi * x),
        "phase-shifted": np.sign((x - 0.5) - 2 * np.round((x - 0.5) / 2)),
        "M18-slope-2": 2 * np.sign(r),
    }


def soft_shrink(x):
    return np.sign(x) * np.maximum(np.abs(x) - 0.5, 0)


def soft_shrink_slopes(x):
    return {
        "": (np.abs(x) > 0.5) * 1.0,
        "M58-abs-forgotten": (x > 0.5) * 1.0,
        "sign-kept": np.sign(x) * (np.abs(x) > 0.5),
        "M18-threshold-forgotten": (x != 0) * 1.0,
        "M16-value": soft_shrink(x),
        "inside-for-outside": (np.abs(x) <= 0.5) * 1.0,
    }


def power_3_2(x):
    """|x|^1.5: smooth to first order only at 0."""
    return np.abs(x) ** 1.5


def power_3_2_slopes(x):
    r = np.sqrt(np.abs(x))
    return {
        "": 1.5 * r * np.sign(x),
        "sign-forgotten": 1.5 * r,
        "power-forgotten": r * np.sign(x),
        "power-not-lowered": 1.5 * np.abs(x) ** 1.5 * np.sign(x),
        "M59-square-rule": 2 * x,
        "cube-root-for-root": 1.5 * np.cbrt(x),
    }


def bump(x):
    """exp(1 - 1 / (1 - x^2)) inside (-1, 1), zero outside: smooth everywhere, analytic nowhere."""
    inside = np.abs(x) < 1
    s = np.where(inside, (1 - np.where(inside, x, 0)) * (1 + np.where(inside, x, 0)), 1)
    return np.where(inside, np.exp(1 - 1 / s), 0)


def bump_slopes(x):
    inside = np.abs(x) < 1
    z = np.where(inside, x, 0)
    s = (1 - z) * (1 + z)
    # In logarithms near the ends, where 1 / s^2 is huge and the exponential tiny.
    steep = np.exp(1 - 1 / s - 2 * np.log(s))
    return {
        "": np.where(inside, -2 * z * steep, 0),
        "M19-sign-of-chain": np.where(inside, 2 * z * steep, 0),
        "square-forgotten": np.where(inside, -2 * z * steep * s, 0),
        "M16-value": bump(x),
        "two-forgotten": np.where(inside, -z * steep, 0),
        "constant-dropped": np.where(inside, -2 * z * steep / np.e, 0),
        "M59-gaussian-rule": -2 * x * np.exp(-np.minimum(x**2, 700)),
    }


def keys_kernel(x, a=-0.5):
    """The cubic convolution kernel of bicubic resizing; its second derivative jumps."""
    t = np.abs(x)
    near, far = np.minimum(t, 1), np.clip(t, 1, 2)
    inner = (a + 2) * near**3 - (a + 3) * near**2 + 1
    return np.where(t <= 1, inner, a * (far**3 - 5 * far**2 + 8 * far - 4))


def keys_slope(x, a=-0.5):
    t = np.abs(x)
    near, far = np.minimum(t, 1), np.clip(t, 1, 2)
    inner = 3 * (a + 2) * near**2 - 2 * (a + 3) * near
    return np.sign(x) * np.where(t <= 1, inner, a * (3 * far - 4) * (far - 2))


def keys_slopes(x):
    t = np.abs(x)
    return {
        "": keys_slope(x),
        "M59-a-is-0.75": keys_slope(x, -0.75),
        "sign-forgotten": keys_slope(np.abs(x)),
        "inner-piece-only": keys_slope(x) * (t <= 1),
        "M16-value": keys_kernel(x),
        "M59-linear-kernel": -np.sign(x) * (t < 1),
    }


def maximum_partials(a, b):
    first = a > b
    return {
        "": (first * 1.0, ~first * 1.0),
        "M54-both-get-all": (np.ones_like(a), np.ones_like(b)),
        "masks-swapped": (~first * 1.0, first * 1.0),
        "M59-half-each": (0.5 + 0 * a, 0.5 + 0 * b),
        "M58-mask-of-sign": ((a > 0) * 1.0, (a <= 0) * 1.0),
        "second-as-constant": (first * 1.0, 0 * b),
    }


def minimum_partials(a, b):
    low = np.where(a == b, 0.5, a < b)  # at a tie each gets half
    return {
        "": (low, 1 - low),
        "M59-maximum-rule": (1 - low, low),
        "M12-values-kept": (low * a, (1 - low) * b),
        "by-magnitude": ((np.abs(a) < np.abs(b)) * 1.0, (np.abs(a) >= np.abs(b)) * 1.0),
        "M19-second-sign": (low, low - 1),
        "rare-ties-both-all": ((a <= b) * 1.0, (b <= a) * 1.0),
        "M59-soft": (1 / (1 + np.exp(np.clip(a - b, -50, 50))), 1 - low),
    }


def switch(a, b):
    """a^2 where a + b > 0, else -b: it jumps where a + b = 0."""
    return np.where(a + b > 0, a**2, -b)


def switch_partials(a, b):
    on = a + b > 0
    return {
        "": (on * 2 * a, ~on * -1.0),
        "branches-swapped": (~on * 2 * a, on * -1.0),
        "M58-condition-on-a-only": ((a > 0) * 2 * a, (a <= 0) * -1.0),
        "both-branches": (2 * a, 0 * b - 1),
        "M19-second-sign": (on * 2 * a, ~on * 1.0),
        "M6-two-forgotten": (on * a, ~on * -1.0),
    }


def l1_norm(x):
    return np.abs(x).sum()


def l1_norm_rule(g, x, bug=""):
    return g * {
        "M59-l2-rule": x / np.sqrt((x**2).sum() + 1e-12),
        "M58-boolean": (x > 0) * 1.0,
        "M3-averaged": np.sign(x) / x.size,
        "M12-entries-kept": np.abs(x),
        "sign-of-sum": np.full_like(x, np.sign(x.sum())),
        "M59-max-norm-rule": np.sign(x) * (np.abs(x) == np.abs(x).max()),
    }.get(bug, np.sign(x))


def interpolate(places, values):
    """Linear interpolation of `values`, which stand at 0, 1, 2, ..., held constant outside."""
    return np.interp(places, np.arange(len(values)), values)


def interpolate_rule(g, places, values, bug=""):
    n = len(values)
    left = np.clip(np.floor(places), 0, n - 2).astype(int)
    inside = (places > 0) & (places < n - 1)
    share = np.clip(places, 0, n - 1) - left
    d_places = g * inside * (values[left + 1] - values[left])
    if bug == "M19-slope-sign":
        d_places = -d_places
    if bug == "M16-value-for-slope":
        d_places = g * interpolate(places, values)
    if bug == "slope-outside":
        d_places = g * (values[left + 1] - values[left])
    if bug == "share-swapped":
        share = 1 - share
    d_values = np.zeros_like(values)
    if bug == "M49-overwritten":
        d_values[left] = g * (1 - share)
        d_values[left + 1] = g * share
        return d_places, d_values
    np.add.at(d_values, left, g * (1 - share))
    if bug != "M54-left-value-only":
        np.add.at(d_values, left + 1, g * share)
    if bug == "M59-nearest":
        d_values = 0 * d_values
        np.add.at(d_values, np.clip(np.round(places), 0, n - 1).astype(int), g)
    return d_places, d_values


def max_affine(x, w, b):
    """The largest of several affine functions of each row (maxout)."""
    return (x @ w + b).max(axis=1)


def max_affine_rule(g, x, w, b, bug=""):
    """At a tie the first one wins."""
    z = x @ w + b
    mask = np.arange(len(b)) == (z.argmin(1) if bug == "minimum" else z.argmax(1))[:, None]
    if bug == "bias-forgotten-in-choice":
        mask = np.arange(len(b)) == (x @ w).argmax(1)[:, None]
    if bug == "M59-mean-rule":
        mask = np.full(z.shape, 1 / len(b))
    if bug == "M48-choice-of-row-0":
        mask = np.broadcast_to(mask[:1], mask.shape)
    if bug == "M12-values-kept":
        mask = mask * z
    d = g[:, None] * mask
    db = d.mean(axis=0) if bug == "M3-bias-averaged" else d.sum(axis=0)
    return d @ w.T, x.T @ d, db


LAYERS = [
    elementwise("abs", np.abs, abs_slopes, USUAL, at(0.0)),
    elementwise("clip", clip, clip_slopes, "M12-no-upstream", at(-1.0, 1.0)),
    layer(
        "clip_between",
        clip_between,
        clip_between_rule,
        "limits-swapped limits-as-constants "
        "x-not-masked M19-high-sign limit-gets-rest M58-mask-of-low-only",
        drawer(
            [((3, 4),) * 3, ((6,),) * 3, ((1, 5),) * 3],
            domain=("real", "plain", "plain"),
            edges=(0.0,),
            after=ordered,
        ),
    ),
    elementwise("huber", huber, huber_slopes, "M12-no-upstream", at(-KNEE, KNEE)),
    elementwise("smoothstep", smoothstep, smoothstep_slopes, "M15-applied-twice", at(0.0, 1.0)),
    elementwise("triangle_wave", triangle_wave, triangle_wave_slopes, USUAL, at(-1.0, 0.0, 1.0)),
    elementwise(
        "soft_shrink", soft_shrink, soft_shrink_slopes, "M13-slope-at-upstream", at(-0.5, 0.5)
    ),
    elementwise("power_3_2", power_3_2, power_3_2_slopes, "M12-no-upstream", at(0.0)),
    elementwise("bump", bump, bump_slopes, "M12-no-upstream", at(-1.0, 0.0, 1.0)),
    elementwise(
        "keys_kernel", keys_kernel, keys_slopes, "M12-no-upstream", at(-2.0, -1.0, 0.0, 1.0)
    ),
    binary(
        "maximum", np.maximum, maximum_partials, "M19-sign", drawer(BINARY_SHAPES, edges=(0.0, 1.0))
    ),
    binary(
        "minimum",
        np.minimum,
        minimum_partials,
        "M27-upstream-ignored",
        drawer(BINARY_SHAPES, edges=(0.0, 1.0)),
    ),
    binary(
        "switch",
        switch,
        switch_partials,
        "swapped-gradients",
        drawer(BINARY_SHAPES, edges=(0.0, 1.0)),
        "jumps where a + b = 0",
    ),
    layer(
        "l1_norm",
        l1_norm,
        l1_norm_rule,
        "M59-l2-rule M58-boolean M3-averaged M12-entries-kept sign-of-sum M59-max-norm-rule",
        at(0.0),
    ),
    layer(
        "interpolate",
        interpolate,
        interpolate_rule,
        "M19-slope-sign M16-value-for-slope "
        "slope-outside share-swapped M49-overwritten M54-left-value-only M59-nearest",
        drawer(
            [((6,), (4,)), ((3,), (5,)), ((1,), (3,))],
            domain=("real", "plain"),
            edges=(0.0, 1.0, 2.0),
            spread=2.0,
        ),
    ),
    layer(
        "max_affine",
        max_affine,
        max_affine_rule,
        "minimum bias-forgotten-in-choice M59-mean-rule "
        "M48-choice-of-row-0 M12-values-kept M3-bias-averaged",
        drawer([((4, 3), (3, 3), (3,)), ((2, 2), (2, 5), (5,)), ((1, 3), (3, 2), (2,))]),
    ),
]
