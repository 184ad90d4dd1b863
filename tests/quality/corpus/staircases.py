"""Functions that jump. Away from the jumps the derivative is that of the piece; at a jump, where
there is none, the rules give the slope of the piece whose value f takes there."""

from __future__ import annotations

import numpy as np

from ._base import BINARY_SHAPES, ELEMENTWISE_SHAPES, binary, drawer, elementwise, layer


def at(*edges):
    return drawer(ELEMENTWISE_SHAPES, edges=edges, spread=2.0)


JUMPS = "jumps at "


def floor_times_x(x):
    return np.floor(x) * x


def floor_times_x_slopes(x):
    return {
        "": np.floor(x),
        "M59-square-rule": 2 * x,
        "product-rule-with-straight-through": np.floor(x) + x,
        "ceiling": np.ceil(x),
        "M58-truncated": np.trunc(x),
        "M59-zero": np.zeros_like(x),
        "rounded": np.round(x),
    }


def round_times_x(x):
    return np.round(x) * x


def round_times_x_slopes(x):
    return {
        "": np.round(x),
        "M59-square-rule": 2 * x,
        "floor": np.floor(x),
        "straight-through": np.round(x) + x,
        "M58-truncated": np.trunc(x),
        "half-of-both": np.round(x) / 2,
    }


def rounded(x):
    """The derivative is zero wherever there is one; the straight-through rule is a wrong one."""
    return np.round(x)


def rounded_slopes(x):
    return {
        "": np.zeros_like(x),
        "straight-through": np.ones_like(x),
        "straight-through-clipped": (np.abs(x) < 1) * 1.0,
        "M16-value": np.round(x),
        "remainder": x - np.round(x),
        "soft-round": 1 - np.cos(2 * np.pi * x),
    }


def sign_slopes(x):
    return {
        "": np.zeros_like(x),
        "straight-through": np.ones_like(x),
        "straight-through-clipped": (np.abs(x) < 1) * 1.0,
        "M59-tanh-rule": 1 - np.tanh(x) ** 2,
        "M16-value": np.sign(x),
        "M59-abs": np.abs(x),
    }


def signed_square(x):
    """sign(x) x^2 + sign(x): a jump, with slopes that agree on both sides."""
    return np.sign(x) * (x**2 + 1)


def signed_square_slopes(x):
    return {
        "": 2 * np.abs(x),
        "abs-forgotten": 2 * x,
        "sign-as-constant-one": 2 * x + 1,
        "M6-two-forgotten": np.abs(x),
        "M16-value": signed_square(x),
        "power-not-lowered": 2 * x**2,
    }


def fraction(x):
    return x - np.floor(x)


def fraction_slopes(x):
    return {
        "": np.ones_like(x),
        "M16-value": fraction(x),
        "floor-as-well": np.zeros_like(x),
        "M58-mask-of-sign": (x > 0) * 1.0,
        "sawtooth-sign": np.where(fraction(x) < 0.5, 1, -1),
        "M19-minus": -np.ones_like(x),
    }


def threshold(x):
    """x where it exceeds 0.5, else -0.2 (a thresholded unit)."""
    return np.where(x > 0.5, x, -0.2)


def threshold_slopes(x):
    return {
        "": (x > 0.5) * 1.0,
        "M59-relu-rule": (x > 0) * 1.0,
        "M58-mask-flipped": (x <= 0.5) * 1.0,
        "M16-value": threshold(x),
        "leak": np.where(x > 0.5, 1, -0.2),
        "abs-in-mask": (np.abs(x) > 0.5) * 1.0,
        "all-pass": np.ones_like(x),
    }


def hard_shrink(x):
    return np.where(np.abs(x) > 0.7, x, 0)


def hard_shrink_slopes(x):
    on = np.abs(x) > 0.7
    return {
        "": on * 1.0,
        "M58-abs-forgotten": (x > 0.7) * 1.0,
        "inside-for-outside": ~on * 1.0,
        "M12-value-kept": on * x,
        "sign-kept": on * np.sign(x),
        "M18-threshold-forgotten": np.ones_like(x),
    }


def remainder(a, b):
    """a modulo b, for b > 0."""
    return np.mod(a, b)


def remainder_partials(a, b):
    steps = np.floor(a / b)
    return {
        "": (1 + 0 * a, -steps),
        "divisor-as-constant": (1 + 0 * a, 0 * b),
        "M19-divisor-sign": (1 + 0 * a, steps),
        "quotient-not-floored": (1 + 0 * a, -a / b),
        "truncated": (1 + 0 * a, -np.trunc(a / b)),
        "M18-divided": (1 / b, -steps),
    }


def counted(x):
    """The sum of each row times the number of its positive entries."""
    return x.sum(axis=-1) * (x > 0).sum(axis=-1)


def counted_rule(g, x, bug=""):
    count = (x > 0).sum(axis=-1, keepdims=True)
    g = g[..., None]
    return {
        "M59-positive-only": g * count * (x > 0),
        "count-forgotten": g + 0 * x,
        "M3-count-as-share": g * count / x.shape[-1] + 0 * x,
        "all-counted": g * x.shape[-1] + 0 * x,
        "count-of-negatives": g * (x.shape[-1] - count) + 0 * x,
        "count-differentiated": g * (count + (x > 0)),
    }.get(bug, g * count + 0 * x)


def winner(x):
    """Each row with all but its largest entry set to zero."""
    return x * (np.arange(x.shape[-1]) == x.argmax(axis=-1)[..., None])


def winner_rule(g, x, bug=""):
    places = np.arange(x.shape[-1])
    mask = places == x.argmax(axis=-1)[..., None]
    if bug == "M59-max-rule":
        return g.sum(axis=-1, keepdims=True) * mask
    if bug == "straight-through":
        return np.array(g)
    if bug == "M59-softmax-weights":
        e = np.exp(np.clip(x - x.max(axis=-1, keepdims=True), -50, 0))
        return g * e / e.sum(axis=-1, keepdims=True)
    if bug == "smallest-for-largest":
        mask = places == x.argmin(axis=-1)[..., None]
    if bug == "M12-value-kept":
        return g * x * mask
    if bug == "M13-winner-of-upstream":
        mask = places == g.argmax(axis=-1)[..., None]
    return g * mask


def quantised(x):
    """Steps of 0.25, plus a slope of 0.1."""
    return np.floor(4 * x) / 4 + 0.1 * x


def quantised_slopes(x):
    return {
        "": np.full_like(x, 0.1),
        "straight-through": np.full_like(x, 1.1),
        "slope-forgotten": np.zeros_like(x),
        "M16-value-over-x": quantised(x),
        "M58-sign-kept": 0.1 * np.sign(x),
        "M18-step": np.full_like(x, 0.25),
        "slope-0.1001": np.full_like(x, 0.1001),
    }


LAYERS = [
    elementwise(
        "floor_times_x",
        floor_times_x,
        floor_times_x_slopes,
        "M12-no-upstream",
        at(-1.0, 0.0, 1.0, 2.0),
        JUMPS + "whole numbers",
    ),
    elementwise(
        "round_times_x",
        round_times_x,
        round_times_x_slopes,
        "M12-no-upstream M19-sign",
        at(-1.5, -0.5, 0.5, 1.5),
        JUMPS + "halves",
    ),
    elementwise("round", rounded, rounded_slopes, "", at(-0.5, 0.5, 1.5), JUMPS + "halves"),
    elementwise("sign", np.sign, sign_slopes, "", at(0.0), JUMPS + "0"),
    elementwise(
        "signed_square",
        signed_square,
        signed_square_slopes,
        "M12-no-upstream",
        at(0.0),
        JUMPS + "0",
    ),
    elementwise(
        "fraction",
        fraction,
        fraction_slopes,
        "M27-upstream-ignored",
        at(-1.0, 0.0, 1.0),
        JUMPS + "whole numbers",
    ),
    elementwise("threshold", threshold, threshold_slopes, "", at(0.5), JUMPS + "0.5"),
    elementwise(
        "hard_shrink",
        hard_shrink,
        hard_shrink_slopes,
        "M13-slope-at-upstream",
        at(-0.7, 0.7),
        JUMPS + "-0.7 and 0.7",
    ),
    binary(
        "remainder",
        remainder,
        remainder_partials,
        "swapped-gradients",
        drawer(BINARY_SHAPES, ("smooth", "positive")),
        JUMPS + "multiples of b",
    ),
    layer(
        "counted_sum",
        counted,
        counted_rule,
        "M59-positive-only count-forgotten "
        "M3-count-as-share all-counted count-of-negatives count-differentiated",
        drawer([(3, 4), (1, 5), (6,), (2, 2, 3)], edges=(0.0,)),
        JUMPS + "0",
    ),
    layer(
        "winner",
        winner,
        winner_rule,
        "M59-max-rule straight-through M59-softmax-weights "
        "smallest-for-largest M12-value-kept M13-winner-of-upstream",
        drawer([(3, 4), (1, 5), (6,), (2, 2, 3)], edges=(0.0, 1.0)),
        JUMPS + "ties",
    ),
    elementwise(
        "quantised", quantised, quantised_slopes, "", at(-0.25, 0.0, 0.25, 1.0), JUMPS + "quarters"
    ),
]
