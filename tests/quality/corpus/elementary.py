"""Elementary functions: powers, roots, exponentials, logarithms, trigonometry."""

from __future__ import annotations

import math

import numpy as np

from ._base import ELEMENTWISE_SHAPES, drawer, elementwise

NO_OVERFLOW = "x1e3 x1e8 +1e3 +1e6 mixed"


def on(domain, without="", **kwargs):
    return drawer(ELEMENTWISE_SHAPES, domain, without=without, **kwargs)


def exp_slopes(x):
    e = np.exp(x)
    return {
        "": e,
        "power-rule": x * np.exp(x - 1),
        "M58-expm1": np.expm1(x),
        "M16-square": e**2,
        "series-to-order-8": sum(x**k / math.factorial(k) for k in range(9)),
    }


def expm1_slopes(x):
    return {
        "": np.exp(x),
        "M16-value": np.expm1(x),
        "power-rule": x * np.exp(x - 1),
        "M19-inner-sign": -np.exp(-x),
        "one-added": np.exp(x) + 1,
    }


def log_slopes(x):
    return {
        "": 1 / x,
        "M60-eps": 1 / (x + 1e-5),
        "log-10": 1 / (x * math.log(10)),
        "square": 1 / x**2,
        "M16-value": np.log(x),
    }


def log1p_slopes(x):
    return {
        "": 1 / (1 + x),
        "M59-log-rule": 1 / x,
        "square": 1 / (1 + x) ** 2,
        "series-to-order-2": 1 - x + x**2,
        "M19-inner-sign": 1 / (1 - x),
    }


def log2_slopes(x):
    return {
        "": 1 / (x * math.log(2)),
        "M18-base-forgotten": 1 / x,
        "M18-base-multiplied": math.log(2) / x,
        "M18-base-rounded": 1 / (x * 0.6931),
        "log-10": 1 / (x * math.log(10)),
    }


def sqrt_slopes(x):
    return {
        "": 0.5 / np.sqrt(x),
        "M58-precedence": 0.5 * np.sqrt(x),
        "half-forgotten": 1 / np.sqrt(x),
        "M60-eps": 0.5 / (np.sqrt(x) + 1e-5),
        "root-forgotten": 0.5 / x,
    }


def rsqrt(x):
    return 1 / np.sqrt(x)


def rsqrt_slopes(x):
    r = 1 / np.sqrt(x)
    return {
        "": -0.5 * r**3,
        "M19-inner-sign": 0.5 * r**3,
        "cube-as-square": -0.5 * r**2,
        "half-forgotten": -(r**3),
        "M60-eps": -0.5 * (x + 1e-5) ** -1.5,
        "M59-sqrt-rule": 0.5 * r,
    }


def reciprocal(x):
    return 1 / x


def reciprocal_slopes(x):
    return {
        "": -1 / x**2,
        "M19-sign-forgotten": 1 / x**2,
        "square-forgotten": -1 / x,
        "M59-log-rule": np.log(np.abs(x)),
        "M60-eps": -1 / (x**2 + 1e-5),
    }


def cube_root_slopes(x):
    r = np.cbrt(x)
    return {
        "": 1 / (3 * r**2),
        "third-forgotten": 1 / r**2,
        "sign-kept": 1 / (3 * r * np.abs(r)),
        "M58-precedence": r**2 / 3,
        "M59-sqrt-rule": 0.5 / np.sqrt(np.abs(x)),
    }


def cube(x):
    return x**3


def cube_slopes(x):
    return {
        "": 3 * x**2,
        "power-forgotten": x**2,
        "power-not-lowered": 3 * x**3,
        "M54-two-of-three": 2 * x**2,
        "sign-kept": 3 * x * np.abs(x),
    }


COEFFICIENTS = np.array([0.3, -1.1, 0.7, 0.5])


def polynomial(x):
    return np.polyval(COEFFICIENTS, x)


def polynomial_slopes(x):
    a = COEFFICIENTS
    return {
        "": np.polyval(np.polyder(a), x),
        "powers-forgotten": np.polyval(a[:-1], x),
        "powers-off-by-one": np.polyval(a[:-1] * [4, 3, 2], x),
        "coefficients-reversed": np.polyval(np.polyder(a[::-1]), x),
        "constant-kept": np.polyval(np.polyder(a), x) + a[-1],
        "M40-first-term-missing": np.polyval(np.polyder(a)[1:], x),
    }


def sin_slopes(x):
    c = np.cos(x)
    return {
        "": c,
        "M19-minus-cosine": -c,
        "M16-sine": np.sin(x),
        "degrees": c * math.pi / 180,
        "series-to-order-4": 1 - x**2 / 2 + x**4 / 24,
        "root-of-square": np.sqrt(1 - np.sin(x) ** 2),
    }


def tan_slopes(x):
    return {
        "": 1 / np.cos(x) ** 2,
        "M59-tanh-rule": 1 - np.tan(x) ** 2,
        "square-forgotten": 1 / np.cos(x),
        "M16-square-of-value": np.tan(x) ** 2,
        "M59-cotangent": -1 / np.sin(x) ** 2,
    }


def arcsin_slopes(x):
    root = np.sqrt((1 - x) * (1 + x))
    return {
        "": 1 / root,
        "M59-arccos-rule": -1 / root,
        "root-forgotten": 1 / root**2,
        "M59-arctan-rule": 1 / (1 + x**2),
        "inverted": root,
    }


def arctan_slopes(x):
    return {
        "": 1 / (1 + x**2),
        "M59-artanh-rule": 1 / (1 - x**2),
        "root-taken": 1 / np.sqrt(1 + x**2),
        "square-forgotten": 1 / (1 + np.abs(x)),
        "M15-of-value": 1 / (1 + np.arctan(x) ** 2),
    }


def arctanh_slopes(x):
    return {
        "": 1 / ((1 - x) * (1 + x)),
        "M59-arctan-rule": 1 / (1 + x**2),
        "root-taken": 1 / np.sqrt(1 - x**2),
        "half-kept": 0.5 / (1 - x**2),
        "M60-eps": 1 / (1 - x**2 + 1e-5),
    }


def arcsinh_slopes(x):
    return {
        "": 1 / np.hypot(1, x),
        "root-forgotten": 1 / (1 + x**2),
        "M19-inner-sign": 1 / np.sqrt(np.abs(x**2 - 1)),
        "M59-log-rule": 1 / (np.abs(x) + np.sqrt(1 + x**2)),
        "x-kept": x / np.hypot(1, x),
    }


PLAIN = "M12-no-upstream M16-function-returned"
AT_UPSTREAM = "M13-slope-at-upstream"

LAYERS = [
    elementwise("exp", np.exp, exp_slopes, AT_UPSTREAM + " M19-sign", on("real", NO_OVERFLOW)),
    elementwise("expm1", np.expm1, expm1_slopes, "M12-no-upstream", on("real", NO_OVERFLOW)),
    elementwise("log", np.log, log_slopes, "M12-no-upstream M19-sign", on("positive")),
    elementwise("log1p", np.log1p, log1p_slopes, PLAIN, on("unit")),
    elementwise("log2", np.log2, log2_slopes, PLAIN, on("positive")),
    elementwise("sqrt", np.sqrt, sqrt_slopes, "M12-no-upstream M19-sign", on("positive")),
    elementwise("rsqrt", rsqrt, rsqrt_slopes, PLAIN, on("positive")),
    elementwise("reciprocal", reciprocal, reciprocal_slopes, PLAIN, on("nonzero")),
    elementwise("cbrt", np.cbrt, cube_root_slopes, PLAIN, on("nonzero")),
    elementwise("cube", cube, cube_slopes, "M12-no-upstream M13-slope-at-upstream"),
    elementwise("polynomial", polynomial, polynomial_slopes, "M13-slope-at-upstream"),
    elementwise("sin", np.sin, sin_slopes, AT_UPSTREAM),
    elementwise("tan", np.tan, tan_slopes, PLAIN),
    elementwise("arcsin", np.arcsin, arcsin_slopes, PLAIN, on("unit")),
    elementwise("arctan", np.arctan, arctan_slopes, PLAIN),
    elementwise("arctanh", np.arctanh, arctanh_slopes, PLAIN, on("unit")),
    elementwise("arcsinh", np.arcsinh, arcsinh_slopes, PLAIN),
]
