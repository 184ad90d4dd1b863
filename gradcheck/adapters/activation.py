"""Activations that a loss may count as its own: its gradient is with respect to what they take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def _softmax(z: Any) -> Any:
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def _sigmoid(z: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-z))


def _slope_of_sigmoid(z: Any) -> Any:
    return _sigmoid(z) * (1 - _sigmoid(z))


#: By the word that a declaration has for them, the likeliest first.
ACTIVATIONS: Mapping[str, Callable[[Any], Any]] = {"softmax": _softmax, "sigmoid": _sigmoid}


def _slope_of_softmax(z: Any) -> Any:
    raise TypeError("a softmax has no derivative that is one number for each entry")


#: Their derivatives, entry by entry.
SLOPES: Mapping[str, Callable[[Any], Any]] = {
    "softmax": _slope_of_softmax, "sigmoid": _slope_of_sigmoid,
}  # fmt: skip
