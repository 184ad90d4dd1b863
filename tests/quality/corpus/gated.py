"""Gated units: one half of the input (or one product) gates the other."""

from __future__ import annotations

import numpy as np

from ._base import binary, drawer, elementwise, layer
from ._numerics import d_sigmoid, normal_cdf, normal_pdf, sech2, sigmoid

HALVES = [(3, 4), (2, 6), (1, 2), (5, 2), (2, 2, 4)]


def scaled_tanh(x):
    return 1.7159 * np.tanh(2 / 3 * x)


def scaled_tanh_slopes(x):
    d = sech2(2 / 3 * x)
    return {
        "": 1.7159 * 2 / 3 * d,
        "M18-inner-scale-forgotten": 1.7159 * d,
        "M18-outer-scale-forgotten": 2 / 3 * d,
        "M15-square-of-scaled-value": 2 / 3 * (1 - scaled_tanh(x) ** 2),
        "scale-outside": 1.7159 * 2 / 3 * sech2(x),
        "constant-0.6667": 1.7159 * 0.6667 * d,
    }


def glu(x):
    a, b = np.split(x, 2, axis=-1)
    return a * sigmoid(b)


def glu_rule(g, x, bug=""):
    a, b = np.split(x, 2, axis=-1)
    da, db = g * sigmoid(b), g * a * d_sigmoid(b)
    if bug == "M53-wrong-partner":
        db = g * b * d_sigmoid(b)
    if bug == "partner-forgotten":
        db = g * d_sigmoid(b)
    if bug == "gate-slope-forgotten":
        db = g * a
    if bug == "gate-as-constant":
        db = np.zeros_like(db)
    if bug == "gate-not-squashed":
        da = g * b
    halves = [db, da] if bug == "halves-swapped" else [da, db]
    if bug == "interleaved":
        return np.stack(halves, axis=-1).reshape(x.shape)
    return np.concatenate(halves, axis=-1)


def swiglu(x, w, v):
    z = x @ w
    return z * sigmoid(z) * (x @ v)


def swiglu_rule(g, x, w, v, bug=""):
    z, y = x @ w, x @ v
    s = sigmoid(z)
    slope = s + z * d_sigmoid(z)
    if bug == "M59-sigmoid-slope":
        slope = d_sigmoid(z)
    if bug == "product-rule":
        slope = s
    dz, dy = g * y * slope, g * z * s
    if bug == "M53-partner-swapped":
        dz = g * z * s * slope
    if bug == "gate-without-z":
        dy = g * s
    dx = dz @ w.T + dy @ v.T
    if bug == "M54-overwritten":
        dx = dy @ v.T
    if bug == "weights-swapped":
        dx = dz @ v.T + dy @ w.T
    if bug == "weight-gradients-swapped":
        return dx, x.T @ dy, x.T @ dz
    return dx, x.T @ dz, x.T @ dy


def reglu_partials(a, b):
    on = b > 0
    return {
        "": (on * b, on * a),
        "mask-of-value": ((a > 0) * b, (a > 0) * a),
        "gate-mask-forgotten": (on * b, a),
        "value-mask-forgotten": (b, on * a),
        "gate-as-constant": (on * b, 0 * a),
        "partner-forgotten": (on * b, on * 1.0),
    }


def reglu(a, b):
    return a * np.maximum(b, 0)


def geglu_partials(a, b):
    cdf, pdf = normal_cdf(b), normal_pdf(b)
    return {
        "": (b * cdf, a * (cdf + b * pdf)),
        "gate-value-without-b": (cdf, a * (cdf + b * pdf)),
        "product-rule": (b * cdf, a * cdf),
        "M59-silu-slope": (b * cdf, a * (sigmoid(b) + b * d_sigmoid(b))),
        "M53-wrong-partner": (b * cdf, b * (cdf + b * pdf)),
        "partner-forgotten": (b * cdf, cdf + b * pdf),
    }


def geglu(a, b):
    return a * b * normal_cdf(b)


def highway(x, h, t):
    gate = sigmoid(t)
    return gate * np.tanh(h) + (1 - gate) * x


def highway_rule(g, x, h, t, bug=""):
    gate = sigmoid(t)
    dx = g * sigmoid(-t)
    dh = g * gate * (1 - h**2 if bug == "M14-pre-activation" else sech2(h))
    difference = np.tanh(h) - x
    if bug == "carry-term-forgotten":
        difference = np.tanh(h)
    if bug == "carry-term-sign":
        difference = np.tanh(h) + x
    if bug == "M14-tanh-forgotten":
        difference = h - x
    dt = g * difference * (1.0 if bug == "gate-slope-forgotten" else d_sigmoid(t))
    if bug == "skip-passes-all":
        dx = np.array(g)
    if bug == "gates-swapped":
        dx = g * gate
    return dx, dh, dt


def squeeze(x, w1, w2):
    """Squeeze and excite: channels of x (N, C, H) scaled by gates from their means."""
    return x * sigmoid(np.maximum(0, x.mean(axis=2) @ w1) @ w2)[:, :, None]


def squeeze_rule(g, x, w1, w2, bug=""):
    mean = x.mean(axis=2)
    z = mean @ w1
    s = np.maximum(0, z) @ w2
    d_gate = (g * x).sum(axis=2)
    if bug == "M7-gate-averaged":
        d_gate = d_gate / x.shape[2]
    ds = d_gate * (1.0 if bug == "gate-slope-forgotten" else d_sigmoid(s))
    dz = ds @ w2.T * (z > 0)
    share = dz @ w1.T / (1 if bug == "M3-mean-not-divided" else x.shape[2])
    dx = g * sigmoid(s)[:, :, None] + share[:, :, None]
    if bug == "M54-gate-path-dropped":
        dx = g * sigmoid(s)[:, :, None]
    if bug == "M54-direct-path-dropped":
        dx = 0 * g + share[:, :, None]
    if bug == "ungated":
        dx = g + share[:, :, None]
    return dx, mean.T @ dz, np.maximum(0, z).T @ ds


LAYERS = [
    elementwise("scaled_tanh", scaled_tanh, scaled_tanh_slopes, "M12-no-upstream M19-sign"),
    layer(
        "glu",
        glu,
        glu_rule,
        "M53-wrong-partner partner-forgotten gate-slope-forgotten gate-as-constant "
        "gate-not-squashed halves-swapped interleaved M47-sample-0-only",
        drawer(HALVES),
    ),
    layer(
        "swiglu",
        swiglu,
        swiglu_rule,
        "M59-sigmoid-slope product-rule M53-partner-swapped gate-without-z M54-overwritten "
        "weights-swapped weight-gradients-swapped M27-upstream-ignored",
        drawer([((3, 4), (4, 2), (4, 2)), ((1, 3), (3, 3), (3, 3)), ((4, 1), (1, 5), (1, 5))]),
    ),
    binary(
        "reglu",
        reglu,
        reglu_partials,
        "swapped-gradients",
        drawer([((3, 4),) * 2, ((5,),) * 2, ((1, 4),) * 2], edges=(0.0,)),
    ),
    binary("geglu", geglu, geglu_partials, "swapped-gradients"),
    layer(
        "highway",
        highway,
        highway_rule,
        "M14-pre-activation carry-term-forgotten carry-term-sign M14-tanh-forgotten "
        "gate-slope-forgotten skip-passes-all gates-swapped",
        drawer([((3, 4),) * 3, ((5,),) * 3, ((1, 4),) * 3, ((3, 1),) * 3]),
    ),
    layer(
        "squeeze_excite",
        squeeze,
        squeeze_rule,
        "M7-gate-averaged gate-slope-forgotten "
        "M3-mean-not-divided M54-gate-path-dropped M54-direct-path-dropped ungated",
        drawer([((2, 3, 4), (3, 4), (4, 3)), ((3, 2, 2), (2, 3), (3, 2))]),
    ),
]
