"""Activations. At a kink the derivative of the side x <= kink is taken, unless said otherwise."""

from __future__ import annotations

import math

import numpy as np

from ._base import drawer, elementwise, layer
from ._numerics import d_sigmoid, erf, normal_cdf, normal_pdf, sech2, sigmoid, softplus

SHAPES = [(3, 4), (6,), (1, 5), (4, 1), (2, 3, 2), (1,)]
AT_ZERO = drawer(SHAPES, edges=(0.0,))
AT_THREE = drawer(SHAPES, edges=(-3.0, 3.0), spread=3.0)


def sigmoid_slopes(x):
    s = sigmoid(x)
    return {
        "": d_sigmoid(x),
        "M14-pre-activation": x * (1 - x),
        "M58-precedence": s * 1 - s,
        "one-factor": 1 - s,
        "plus": s * (1 + s),
    }


def tanh_slopes(x):
    t = np.tanh(x)
    return {
        "": sech2(x),
        "M14-pre-activation": 1 - x**2,
        "M59-sigmoid-rule": t * (1 - t),
        "square-forgotten": 1 - np.abs(t),
        "sech-for-sech2": np.sqrt(sech2(x)),
    }


def relu(x):
    return np.maximum(x, 0)


def relu_slopes(x):
    return {
        "": (x > 0) * 1.0,
        "M58-flipped-comparison": (x < 0) * 1.0,
        "M16-x-where-positive": np.where(x > 0, x, 0),
        "leak": np.where(x > 0, 1, 1e-3),
        "all-pass": np.ones_like(x),
    }


LEAK = 0.01


def leaky_relu(x):
    return np.where(x > 0, x, LEAK * x)


def leaky_relu_slopes(x):
    return {
        "": np.where(x > 0, 1, LEAK),
        "M18-leak-forgotten": (x > 0) * 1.0,
        "leak-twice": np.where(x > 0, 1, LEAK**2),
        "leak-negative": np.where(x > 0, 1, -LEAK),
        "leak-times-x": np.where(x > 0, 1, LEAK * x),
        "leak-added": (x > 0) + LEAK,
    }


def prelu(x, slope):
    return np.where(x > 0, x, slope * x)


def prelu_rule(g, x, slope, bug=""):
    mask = x > 0
    if bug == "M11-mask-from-upstream":
        mask = g > 0
    below = -x if bug == "x-sign" else x
    d_slope = g * np.where(~mask if bug != "slope-from-positive-side" else mask, below, 0)
    if bug == "slope-without-x":
        d_slope = g * ~mask
    if bug == "M8-slope-summed-over-all":
        d_slope = np.full(slope.shape, d_slope.sum())
    elif bug != "M7-slope-not-summed":
        d_slope = d_slope.reshape(-1, slope.size).sum(0)
    if bug == "M3-slope-averaged":
        d_slope = d_slope / x[..., 0].size
    return g * np.where(mask, 1, LEAK if bug == "fixed-leak" else slope), d_slope


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def elu_slopes(x):
    e = np.exp(np.minimum(x, 0))
    return {
        "": np.where(x > 0, 1, e),
        "M16-value-below-zero": np.where(x > 0, 1, e - 1),
        "below-zero-dropped": (x > 0) * 1.0,
        "exp-of-minus": np.where(x > 0, 1, 1 / e),
        "plus-one-twice": np.where(x > 0, 1, e + 1),
    }


ALPHA, LAMBDA = 1.6732632423543772, 1.0507009873554805


def selu(x):
    return LAMBDA * np.where(x > 0, x, ALPHA * np.expm1(np.minimum(x, 0)))


def selu_slopes(x):
    e = np.exp(np.minimum(x, 0))
    return {
        "": LAMBDA * np.where(x > 0, 1, ALPHA * e),
        "M18-lambda-forgotten": np.where(x > 0, 1, ALPHA * e),
        "M18-lambda-below-zero": np.where(x > 0, LAMBDA, ALPHA * e),
        "M18-alpha-forgotten": LAMBDA * np.where(x > 0, 1, e),
        "constants-rounded": 1.0507 * np.where(x > 0, 1, 1.6733 * e),
        "M16-value-below-zero": LAMBDA * np.where(x > 0, 1, ALPHA * (e - 1)),
    }


CELU = 1.3


def celu(x):
    return np.maximum(x, 0) + CELU * np.expm1(np.minimum(x, 0) / CELU)


def celu_slopes(x):
    low = np.minimum(x, 0)
    return {
        "": np.exp(low / CELU),
        "M59-elu-with-alpha": np.where(x > 0, 1, CELU * np.exp(low)),
        "M18-inner-alpha": np.exp(low),
        "M18-outer-alpha": np.where(x > 0, 1, CELU * np.exp(low / CELU)),
        "both-sides-added": (x > 0) + np.exp(low / CELU),
    }


def softplus_slopes(x):
    s = sigmoid(x)
    return {
        "": s,
        "sigmoid-of-minus": 1 - s,
        "sigmoid-slope": d_sigmoid(x),
        "tanh-for-sigmoid": np.tanh(x),
        "M59-relu-rule": (x > 0) * 1.0,
        "threshold-1": np.where(x > 1, 1, s),
    }


def softsign(x):
    return x / (1 + np.abs(x))


def softsign_slopes(x):
    return {
        "": 1 / (1 + np.abs(x)) ** 2,
        "square-forgotten": 1 / (1 + np.abs(x)),
        "abs-forgotten": 1 / (1 + x) ** 2,
        "square-inside": 1 / (1 + x**2),
        "sign-kept": np.sign(x) / (1 + np.abs(x)) ** 2,
    }


def gelu(x):
    return x * normal_cdf(x)


TANH_GELU, CUBE = math.sqrt(2 / math.pi), 0.044715


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(TANH_GELU * (x + CUBE * x**3)))


def gelu_tanh_slope(x, scale=TANH_GELU, cube=CUBE, inner=3 * CUBE):
    u = scale * (x + cube * x**3)
    # In the tails sech2 underflows before x^3 can overflow for any input drawn here.
    return 0.5 * (1 + np.tanh(u)) + 0.5 * x * sech2(u) * scale * (1 + inner * x**2)


def gelu_slopes(x):
    phi = normal_pdf(x)
    return {
        "": normal_cdf(x) + x * phi,
        "M59-tanh-gelu-rule": gelu_tanh_slope(x),
        "M59-quick-gelu-rule": sigmoid(1.702 * x) + 1.702 * x * d_sigmoid(1.702 * x),
        "product-rule": normal_cdf(x),
        "x-forgotten": normal_cdf(x) + phi,
        "M18-sqrt2-forgotten": 0.5 * (1 + erf(x)) + x * phi,
        "pdf-unnormalised": normal_cdf(x) + x * np.exp(-(x**2) / 2),
    }


def gelu_tanh_slopes(x):
    u = TANH_GELU * (x + CUBE * x**3)
    return {
        "": gelu_tanh_slope(x),
        "M59-erf-gelu-rule": normal_cdf(x) + x * normal_pdf(x),
        "constant-0.0447": gelu_tanh_slope(x, cube=0.0447, inner=3 * 0.0447),
        "constant-0.7979": gelu_tanh_slope(x, scale=0.7979),
        "cube-slope-not-3": gelu_tanh_slope(x, inner=CUBE),
        "M18-inner-slope-forgotten": 0.5 * (1 + np.tanh(u)) + 0.5 * x * sech2(u),
        "product-rule": 0.5 * (1 + np.tanh(u)),
    }


def silu(x):
    return x * sigmoid(x)


def silu_slopes(x):
    s = sigmoid(x)
    return {
        "": s + x * d_sigmoid(x),
        "product-rule": s,
        "M16-value-for-x": s + silu(x) * d_sigmoid(x),
        "x-forgotten": s + d_sigmoid(x),
        "second-s-forgotten": s * (1 + x),
        "value-twice": silu(x) + s * (1 - s),
    }


def quick_gelu(x):
    return x * sigmoid(1.702 * x)


def quick_gelu_slopes(x):
    s, d = sigmoid(1.702 * x), d_sigmoid(1.702 * x)
    return {
        "": s + 1.702 * x * d,
        "M18-scale-forgotten": s + x * d,
        "constant-1.7": s + 1.7 * x * d,
        "M59-silu-rule": silu_slopes(x)[""],
        "M59-gelu-rule": normal_cdf(x) + x * normal_pdf(x),
        "product-rule": s,
    }


def mish(x):
    return x * np.tanh(softplus(x))


def mish_slopes(x):
    t, s = np.tanh(softplus(x)), sigmoid(x)
    d = sech2(softplus(x))
    return {
        "": t + x * d * s,
        "chain-stops-at-tanh": t + x * d,
        "product-rule": t,
        "M14-tanh-of-x": t + x * sech2(x) * s,
        "square-forgotten": t + x * (1 - t) * s,
        "M59-silu-rule": silu_slopes(x)[""],
    }


def hard_sigmoid(x):
    return np.clip(x / 6 + 0.5, 0, 1)


def hard_sigmoid_slopes(x):
    inside = (x > -3) & (x < 3)
    return {
        "": inside / 6,
        "M59-keras-slope": inside * 0.2,
        "M18-scale-forgotten": inside * 1.0,
        "no-clip": np.full_like(x, 1 / 6),
        "M14-mask-of-output": ((x > 0) & (x < 1)) / 6,
        "M59-sigmoid-rule": d_sigmoid(x),
        "lower-clip-missing": (x > 0) / 6,
    }


def hard_swish(x):
    return x * np.clip(x / 6 + 0.5, 0, 1)


def hard_swish_slopes(x):
    inside, above = (x > -3) & (x < 3), x >= 3
    return {
        "": np.where(inside, x / 3 + 0.5, above),
        "M18-scale-forgotten": np.where(inside, 2 * x + 0.5, above),
        "product-rule": np.clip(x / 6 + 0.5, 0, 1),
        "half-forgotten": np.where(inside, x / 3, above),
        "M59-silu-rule": silu_slopes(x)[""],
    }


def relu6(x):
    return np.clip(x, 0, 6)


def relu6_slopes(x):
    return {
        "": ((x > 0) & (x < 6)) * 1.0,
        "upper-clip-off-by-5": ((x > 0) & (x < 1)) * 1.0,
        "lower-clip-missing": (x < 6) * 1.0,
        "or-for-and": np.ones_like(x),
    }


def relu_squared(x):
    return np.maximum(x, 0) ** 2


def relu_squared_slopes(x):
    r = np.maximum(x, 0)
    return {
        "": 2 * r,
        "M6-two-forgotten": r,
        "M59-relu-rule": (x > 0) * 1.0,
        "mask-forgotten": 2 * x,
        "abs-for-relu": 2 * np.abs(x),
    }


def log_sigmoid(x):
    return -softplus(-x)


def log_sigmoid_slopes(x):
    s = sigmoid(-x)
    return {
        "": s,
        "sigmoid-of-plus": sigmoid(x),
        "M60-eps-in-log": s * sigmoid(x) / (sigmoid(x) + 1e-3),
        "log-forgotten": d_sigmoid(x),
        "quotient-squared": s / sigmoid(x),
    }


def tanhshrink(x):
    return x - np.tanh(x)


def tanhshrink_slopes(x):
    t = np.tanh(x)
    return {
        "": t**2,
        "one-forgotten": -sech2(x),
        "square-forgotten": np.abs(t),
        "sign-of-second-term": 1 + sech2(x),
        "M14-pre-activation": x**2,
    }


USUAL = "M12-no-upstream M13-slope-at-upstream M16-function-returned"
TWICE = "M12-no-upstream M15-applied-twice M19-sign"

LAYERS = [
    elementwise("sigmoid", sigmoid, sigmoid_slopes, USUAL + " M15-applied-twice"),
    elementwise("tanh", np.tanh, tanh_slopes, USUAL + " M15-applied-twice"),
    elementwise("relu", relu, relu_slopes, "M12-no-upstream M13-slope-at-upstream", AT_ZERO),
    elementwise("leaky_relu", leaky_relu, leaky_relu_slopes, USUAL, AT_ZERO),
    layer(
        "prelu",
        prelu,
        prelu_rule,
        "M11-mask-from-upstream M7-slope-not-summed M8-slope-summed-over-all M3-slope-averaged "
        "slope-from-positive-side slope-without-x x-sign fixed-leak",
        drawer(
            [((4, 3), (3,)), ((1, 5), (5,)), ((2, 3, 4), (4,)), ((6, 1), (1,))],
            domain=("real", "plain"),
            edges=(0.0,),
        ),
    ),
    elementwise("elu", elu, elu_slopes, TWICE, AT_ZERO, "smooth at 0 to first order only"),
    elementwise("selu", selu, selu_slopes, TWICE, AT_ZERO),
    elementwise("celu", celu, celu_slopes, "M12-no-upstream M16-function-returned", AT_ZERO),
    elementwise("softplus", softplus, softplus_slopes, TWICE),
    elementwise("softsign", softsign, softsign_slopes, TWICE, AT_ZERO),
    elementwise("gelu_erf", gelu, gelu_slopes, "M15-applied-twice M16-function-returned"),
    elementwise("gelu_tanh", gelu_tanh, gelu_tanh_slopes, "M12-no-upstream M15-applied-twice"),
    elementwise("silu", silu, silu_slopes, "M13-slope-at-upstream M15-applied-twice"),
    elementwise("quick_gelu", quick_gelu, quick_gelu_slopes, "M27-upstream-ignored"),
    elementwise("mish", mish, mish_slopes, "M12-no-upstream M28-first-upstream-only"),
    elementwise(
        "hard_sigmoid", hard_sigmoid, hard_sigmoid_slopes, "M12-no-upstream M19-sign", AT_THREE
    ),
    elementwise("hard_swish", hard_swish, hard_swish_slopes, TWICE, AT_THREE),
    elementwise("relu6", relu6, relu6_slopes, USUAL, drawer(SHAPES, edges=(0.0, 6.0), spread=5.0)),
    elementwise("relu_squared", relu_squared, relu_squared_slopes, TWICE, AT_ZERO),
    elementwise("log_sigmoid", log_sigmoid, log_sigmoid_slopes, "M13-slope-at-upstream M19-sign"),
    elementwise("tanhshrink", tanhshrink, tanhshrink_slopes, USUAL, notes="cancels near 0"),
]
