"""The derivative of another well-known function than the one that is implemented."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gradcheck.diagnosis.catalogue.nonlinear import is_elementwise_view
from gradcheck.diagnosis.catalogue.paths import held
from gradcheck.diagnosis.evidence import Evidence, View
from gradcheck.diagnosis.pattern import Found, Pattern, Text
from gradcheck.diagnosis.samples import Floats

_GELU_CUBIC = 0.044715
_GELU_SCALE = math.sqrt(2 / math.pi)
_QUICK = 1.702
_erf = np.vectorize(math.erf, otypes=[float])


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


def _pdf(x: Floats) -> Floats:
    return np.asarray(np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi))


def _cdf(x: Floats) -> Floats:
    return np.asarray((1 + _erf(x / math.sqrt(2))) / 2)


def _gelu_tanh_slope(x: Floats) -> Floats:
    t = np.tanh(_GELU_SCALE * (x + _GELU_CUBIC * x**3))
    inner = _GELU_SCALE * (1 + 3 * _GELU_CUBIC * x**2)
    return np.asarray((1 + t) / 2 + x * (1 - t**2) * inner / 2)


def _swish_slope(scale: float) -> Callable[[Floats], Floats]:
    def slope(x: Floats) -> Floats:
        s = _sigmoid(scale * x)
        return np.asarray(s + scale * x * s * (1 - s))

    return slope


_SLOPES: dict[str, Callable[[Floats], Floats]] = {
    "tanh": lambda x: np.asarray(1 - np.tanh(x) ** 2),
    "sigmoid": lambda x: np.asarray(_sigmoid(x) * (1 - _sigmoid(x))),
    "ReLU": lambda x: (x > 0) * 1.0,
    "softplus": _sigmoid,
    "exp": np.exp,
    "log": lambda x: 1 / x,
    "sqrt": lambda x: np.asarray(0.5 / np.sqrt(x)),
    "1/x": lambda x: -1 / x**2,
    "x**2": lambda x: 2 * x,
    "|x|": np.sign,
    "sin": np.cos,
    "cos": lambda x: -np.sin(x),
    "arctan": lambda x: 1 / (1 + x**2),
    "arcsin": lambda x: np.asarray(1 / np.sqrt(1 - x**2)),
    "softsign": lambda x: 1 / (1 + np.abs(x)) ** 2,
    "SiLU": _swish_slope(1.0),
    "the quick GELU": _swish_slope(_QUICK),
    "the tanh form of GELU": _gelu_tanh_slope,
    "the exact GELU": lambda x: np.asarray(_cdf(x) + x * _pdf(x)),
    "erf": lambda x: np.asarray(2 / math.sqrt(math.pi) * np.exp(-(x**2))),
    "log10": lambda x: np.asarray(1 / (x * math.log(10))),
    "log2": lambda x: np.asarray(1 / (x * math.log(2))),
    "log1p": lambda x: 1 / (1 + x),
}


#: Slopes that are written with the output.
_BY_OUTPUT: dict[str, Callable[[Floats], Floats]] = {
    "sigmoid, y * (1 - y)": lambda y: y * (1 - y),
    "tanh, 1 - y**2": lambda y: 1 - y**2,
    "sqrt, 1 / (2 y)": lambda y: 0.5 / y,
}


def _another_formula(view: View, evidence: Evidence) -> Found | None:
    """The derivative of another well-known function."""
    if not is_elementwise_view(view, evidence):
        return None
    for name, slope in _SLOPES.items():
        evidence.clock.check()
        if view.explains(lambda p, s: p.G * s(p.x), slope):
            return _product(view, evidence, name) or Found({"function": name})
    for name, by_output in _BY_OUTPUT.items():
        if view.explains(lambda p, s: p.G * s(p.y), by_output):
            return Found({"function": name})
    return None


def _product(view: View, evidence: Evidence, name: str) -> Found | None:
    """What is left of a product rule may be the derivative of another function by chance."""
    found = held(view, evidence)
    other = PATTERNS[0].title.format(function=name)
    return None if found is None else replace(found, more=(other,))


PATTERNS = [
    Pattern(
        "M59",
        Text("the derivative of another function: {function}", "这是另一个函数的导数：{function}"),
        Text(
            "The rule differentiates a formula that is not the one implemented.",
            "规则求导的公式不是实际实现的公式。",
        ),
        Text("differentiate the function that is implemented", "对实际实现的函数求导"),
        _another_formula,
        rank=18,
    ),
]
