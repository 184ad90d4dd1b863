"""Special functions, and functions of two arguments."""

from __future__ import annotations

import math

import numpy as np

from ._base import BINARY_SHAPES, ELEMENTWISE_SHAPES, binary, drawer, elementwise
from ._numerics import erf, erfc, sigmoid

NO_OVERFLOW = "x1e3 x1e8 +1e3 +1e6 mixed"


def on(domain, without="", **kwargs):
    return drawer(ELEMENTWISE_SHAPES, domain, without=without, **kwargs)


def erf_slopes(x):
    e = 2 / math.sqrt(math.pi) * np.exp(-(x**2))
    return {
        "": e,
        "half-constant": e / 2,
        "M59-normal-pdf": np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi),
        "constant-1.1284": 1.1284 * np.exp(-(x**2)),
        "minus-forgotten": 2 / math.sqrt(math.pi) * np.exp(np.minimum(x**2, 50)),
        "x-kept": -2 * x * e,
    }


def erfc_slopes(x):
    e = 2 / math.sqrt(math.pi) * np.exp(-(x**2))
    return {
        "": -e,
        "M59-erf-rule": e,
        "M16-value": -erfc(x),
        "half-constant": -e / 2,
        "x-kept": 2 * x * e,
    }


def sinc(x):
    """sin(x) / x."""
    return np.sinc(x / math.pi)


def sinc_slope(x):
    """(cos x - sinc x) / x, near zero by its series."""
    small = np.abs(x) < 1
    near = np.where(small, x, 1)
    series = sum(
        (-1) ** k * 2 * k * near ** (2 * k - 1) / math.factorial(2 * k + 1) for k in range(1, 12)
    )
    far = np.where(small, 1, x)
    return np.where(small, series, (np.cos(far) - np.sin(far) / far) / far)


def sinc_slopes(x):
    safe = np.where(x == 0, 1, x)
    return {
        "": sinc_slope(x),
        "quotient-second-term-forgotten": np.cos(x) / safe,
        "M19-quotient-sign": (np.cos(x) + np.sin(safe) / safe) / safe,
        "M18-pi-kept": sinc_slope(x) * math.pi,
        "rare-one-at-zero": np.where(x == 0, 1, sinc_slope(x)),
        "cosine-only": np.cos(x),
        "series-only": -x / 3 + x**3 / 30,
    }


SHIFT = 12
BERNOULLI = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def lgamma(x):
    """log Gamma(x), x > 0: Stirling's series after a shift by SHIFT where x is small."""
    low = x < SHIFT
    z = np.where(low, x + SHIFT, x)
    series = sum(b / z ** (2 * k + 1) for k, b in enumerate(BERNOULLI))
    far = (z - 0.5) * np.log(z) - z + 0.5 * math.log(2 * math.pi) + series
    shift = sum(np.log(np.where(low, x, 1) + k) for k in range(SHIFT))
    return np.where(low, far - shift, far)


def digamma(x, bernoulli=BERNOULLI):
    low = x < SHIFT
    z = np.where(low, x + SHIFT, x)
    series = sum(-(2 * k + 1) * b / z ** (2 * k + 2) for k, b in enumerate(bernoulli))
    far = np.log(z) - 0.5 / z + series
    shift = sum(1 / (np.where(low, x, 1) + k) for k in range(SHIFT))
    return np.where(low, far - shift, far)


def lgamma_slopes(x):
    return {
        "": digamma(x),
        "M59-log-rule": np.log(x),
        "two-terms": np.log(x) - 0.5 / x,
        "shifted-by-one": digamma(x + 1),
        "three-terms": np.log(x) - 0.5 / x - 1 / (12 * x**2),
        "shift-forgotten": digamma(x + SHIFT),
    }


def lambert_w(x):
    """The w with w exp(w) = x, x >= 0, by Newton's method on w + log w."""
    w = np.where(x < 1, x / (1 + x), np.log1p(x) * 0.7)
    for _ in range(12):
        w = w * (1 + np.log(x / w)) / (1 + w)
    return w


def lambert_w_slopes(x):
    w = lambert_w(x)
    return {
        "": w / (x * (1 + w)),
        "one-forgotten": 1 / x,
        "M59-log1p-rule": 1 / (1 + x),
        "inverse-not-taken": np.exp(w) * (1 + w),
        "exp-only": np.exp(-w),
        "w-for-x": 1 / (1 + w),
    }


def logit(p):
    return np.log(p) - np.log1p(-p)


def logit_slopes(p):
    return {
        "": 1 / (p * (1 - p)),
        "M59-sigmoid-rule": p * (1 - p),
        "second-term-sign": 1 / p - 1 / (1 - p),
        "second-term-forgotten": 1 / p,
        "M60-eps": 1 / (p * (1 - p) + 1e-5),
    }


def arctan2_partials(y, x):
    r = x**2 + y**2
    return {
        "": (x / r, -y / r),
        "arguments-swapped": (-y / r, x / r),
        "M19-second-sign": (x / r, y / r),
        "root-taken": (x / np.sqrt(r), -y / np.sqrt(r)),
        "M59-arctan-of-ratio": (1 / (1 + (y / x) ** 2), -y / r),
        "M54-own-argument": (y / r, -x / r),
    }


def hypot_partials(a, b):
    r = np.hypot(a, b)
    safe = np.where(r > 0, r, 1)
    return {
        "": (a / safe, b / safe),
        "M6-two-kept": (2 * a / safe, 2 * b / safe),
        "M54-other-argument": (b / safe, a / safe),
        "square-for-root": (a / safe**2, b / safe**2),
        "root-forgotten": (2 * a, 2 * b),
        "M60-eps": (a / (safe + 1e-5), b / (safe + 1e-5)),
    }


def power_partials(x, y):
    z = np.power(x, y)
    return {
        "": (y * np.power(x, y - 1), z * np.log(x)),
        "exponent-not-lowered": (y * z, z * np.log(x)),
        "log-forgotten": (y * np.power(x, y - 1), z),
        "exponent-as-constant": (y * np.power(x, y - 1), 0 * z),
        "log-of-exponent": (y * np.power(x, y - 1), z * np.log(np.abs(y))),
        "factor-forgotten": (np.power(x, y - 1), z * np.log(x)),
    }


def xlogy(x, y):
    return x * np.log(y)


def xlogy_partials(x, y):
    return {
        "": (np.log(y), x / y),
        "entropy-rule": (np.log(y) + 1, x / y),
        "x-forgotten": (np.log(y), 1 / y),
        "log-of-x": (np.log(x), x / y),
        "M60-eps": (np.log(y), x / (y + 1e-4)),
        "ratio-inverted": (np.log(y), y / x),
    }


def logaddexp_partials(a, b):
    s = sigmoid(a - b)
    return {
        "": (s, sigmoid(b - a)),
        "M54-swapped": (1 - s, s),
        "M59-maximum-rule": ((a > b) * 1.0, (b >= a) * 1.0),
        "not-normalised": (np.exp(np.minimum(a, 50)), np.exp(np.minimum(b, 50))),
        "M59-half-each": (0.5 + 0 * a, 0.5 + 0 * a),
        "difference-forgotten": (sigmoid(a), sigmoid(b)),
    }


def divide(a, b):
    return a / b


def divide_partials(a, b):
    return {
        "": (1 / b, -a / b**2),
        "M19-second-sign": (1 / b, a / b**2),
        "square-forgotten": (1 / b, -a / b),
        "numerator-forgotten": (1 / b, -1 / b**2),
        "denominator-as-constant": (1 / b, 0 * a),
        "M60-eps": (1 / (b + 1e-5), -a / b**2),
    }


PLAIN = "M12-no-upstream M16-function-returned"

LAYERS = [
    elementwise("erf", erf, erf_slopes, PLAIN),
    elementwise("erfc", erfc, erfc_slopes, "M12-no-upstream"),
    elementwise("sinc", sinc, sinc_slopes, "M12-no-upstream"),
    elementwise("lgamma", lgamma, lgamma_slopes, PLAIN, on("positive")),
    elementwise("lambert_w", lambert_w, lambert_w_slopes, PLAIN, on("positive")),
    elementwise("logit", logit, logit_slopes, PLAIN, on("probability")),
    binary(
        "arctan2",
        np.arctan2,
        arctan2_partials,
        "M27-upstream-ignored",
        drawer(BINARY_SHAPES, "nonzero"),
    ),
    binary("hypot", np.hypot, hypot_partials, "M19-sign"),
    binary(
        "power",
        np.power,
        power_partials,
        "M28-first-upstream-only",
        drawer(BINARY_SHAPES, ("positive", "smooth"), without=NO_OVERFLOW),
    ),
    binary("xlogy", xlogy, xlogy_partials, "swapped-gradients", drawer(BINARY_SHAPES, "positive")),
    binary("logaddexp", np.logaddexp, logaddexp_partials, "M27-upstream-ignored"),
    binary(
        "divide",
        divide,
        divide_partials,
        "swapped-gradients",
        drawer(BINARY_SHAPES, ("smooth", "nonzero")),
    ),
]
