"""Losses whose gradients a network may compute without computing the loss: sums over all samples.

A mean differs from its sum by a constant, which is said apart, as the scale of a gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.errors import DeclarationError


def _hot(prediction: Any, target: Any, axis: int) -> Any:
    """Targets of the shape of a prediction: labels as a single one along an axis."""
    if np.ndim(target) == np.ndim(prediction) or np.asarray(target).dtype.kind == "f":
        return target
    return np.moveaxis(np.eye(np.shape(prediction)[axis])[target], -1, axis)


def _cross_entropy(prediction: Any, target: Any, axis: int = -1) -> Any:
    target = _hot(prediction, target, axis)
    # Where nothing is to be predicted, the logarithm counts nothing, be it of 0.
    return -np.sum(target * np.log(np.where(target == 0, 1.0, prediction)))


def _binary(prediction: Any, target: Any) -> Any:
    return _cross_entropy(prediction, target) + _cross_entropy(1 - prediction, 1 - target)


def _half_squared(prediction: Any, target: Any) -> Any:
    return np.sum((prediction - _hot(prediction, target, -1)) ** 2) / 2


#: By the word that a declaration has for them, the likeliest first.
LOSSES: Mapping[str, Callable[[Any, Any], Any]] = {
    "cross-entropy": _cross_entropy,
    "cross-entropy of columns": lambda prediction, target: _cross_entropy(prediction, target, 0),
    "binary cross-entropy": _binary,
    "half squared error": _half_squared,
}


class Misfit(DeclarationError):
    """Targets that are none of what is predicted."""


def value(loss: str, prediction: Any, target: Any) -> Any:
    """A loss of what is predicted; raises ``Misfit`` for targets of another shape."""
    shape, given = np.shape(prediction), np.shape(target)
    if np.asarray(target).dtype.kind != "f":
        axis = 0 if loss.endswith("columns") else -1
        shape = shape if shape == given else tuple(np.delete(shape, axis)) if shape else ()
    if shape != given:
        raise Misfit(f"{loss}: {np.shape(prediction)} is predicted, and the targets are {given}")
    with np.errstate(all="ignore"):  # of what is no probability
        return np.float64(LOSSES[loss](prediction, target))
