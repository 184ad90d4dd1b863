"""Inputs of constrained domains: what may go in, and in which directions it may move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.arguments import Real, Reals, Shaped, cut, numeric
from gradcheck.dims import Bindings, parse
from gradcheck.errors import DeclarationError, InputError
from gradcheck.regimes import draw_reals

#: Regimes in which a matrix product of drawn factors is not singular to rounding.
_TAME = ("normal", "small integers", "zeros and ties", "large")


@dataclass(frozen=True)
class PositiveDefinite(Real):
    """Symmetric positive definite matrices, see ``positive_definite``."""

    def draw(
        self, rng: np.random.Generator, bindings: Bindings, regime: str, drawn: Mapping[str, Any]
    ) -> Any:
        sizes = self.shape.sizes(bindings)
        factor = draw_reals(rng, sizes, regime if regime in _TAME else "normal")
        product = factor @ np.swapaxes(factor, -1, -2)
        # As far from singular as it is large, so that its inverse can be measured.
        largest = np.max(np.abs(product), axis=(-2, -1), keepdims=True, initial=0.0)
        return product + np.where(largest > 0, largest, 1.0) * np.eye(sizes[-1])

    def accept(self, name: str, value: Any) -> Any:
        array = super().accept(name, value)
        if np.ndim(array) < 2 or not np.array_equal(array, np.swapaxes(array, -1, -2)):
            raise InputError(f"{name} is not symmetric; a positive definite matrix was declared")
        return array

    def tangent(self, direction: Reals, value: Reals) -> Reals:
        return (direction + np.swapaxes(direction, -1, -2)) / 2

    def contains(self, value: Any, bindings: Bindings, inputs: Mapping[str, Any]) -> bool:
        symmetric = np.array_equal(value, np.swapaxes(value, -1, -2))
        return symmetric and bool(np.all(np.linalg.eigvalsh(value) > 0))


@dataclass(frozen=True)
class Simplex(Real):
    """Probabilities along the last axis, see ``simplex``."""

    def draw(
        self, rng: np.random.Generator, bindings: Bindings, regime: str, drawn: Mapping[str, Any]
    ) -> Any:
        weights = np.abs(draw_reals(rng, self.shape.sizes(bindings), regime))
        weights = np.where(weights > 0, weights, np.max(weights, initial=0.0) * 2.0**-10 + 1e-300)
        return _normalized(weights)

    def tangent(self, direction: Reals, value: Reals) -> Reals:
        # In proportion: what a small probability must not lose, a large one can.
        share = value / value.sum(axis=-1, keepdims=True)
        return direction - share * direction.sum(axis=-1, keepdims=True)

    def bounds(
        self, value: Any, bindings: Bindings, inputs: Mapping[str, Any]
    ) -> tuple[Reals | float | None, Reals | float | None]:
        return 0.0, None

    def contains(self, value: Any, bindings: Bindings, inputs: Mapping[str, Any]) -> bool:
        total = np.sum(value, axis=-1)
        units = np.shape(value)[-1] * np.finfo(np.float64).eps
        return bool(np.all(value > 0) and np.all(np.abs(total - 1) <= units))

    def resize(self, value: Any, bindings: Bindings) -> Any:
        return _normalized(cut(value, self.shape.sizes(bindings)))


def _normalized(weights: Reals) -> Reals:
    """Probabilities in proportion to ``weights``; what rounding leaves is in the largest."""
    p = weights / weights.sum(axis=-1, keepdims=True)
    largest = p.argmax(axis=-1)[..., None]
    left = 1 - p.sum(axis=-1, keepdims=True)
    np.put_along_axis(p, largest, np.take_along_axis(p, largest, axis=-1) + left, axis=-1)
    return p


@dataclass(frozen=True)
class Permutation(Shaped):
    """A permutation, see ``permutation``."""

    def draw(
        self, rng: np.random.Generator, bindings: Bindings, regime: str, drawn: Mapping[str, Any]
    ) -> Any:
        (size,) = self.shape.sizes(bindings)
        return rng.permutation(size)

    def accept(self, name: str, value: Any) -> Any:
        array = numeric(name, value)
        if array.ndim != 1 or not np.array_equal(np.sort(array), np.arange(array.size)):
            raise InputError(f"{name} is not a permutation of 0 … {array.size - 1}")
        return array

    def contains(self, value: Any, bindings: Bindings, inputs: Mapping[str, Any]) -> bool:
        return bool(np.array_equal(np.sort(value), np.arange(np.size(value))))

    def resize(self, value: Any, bindings: Bindings) -> Any:
        (size,) = self.shape.sizes(bindings)
        return np.argsort(np.argsort(value[:size]))


def positive_definite(dims: str) -> PositiveDefinite:
    """Symmetric positive definite matrices; the last two dims are equal, as in ``"n n"``.

    Claims about them are compared along symmetric directions, so that the textbook rule of a
    function of a symmetric matrix is right, whatever it says about others.
    """
    shape = parse(dims)
    if len(shape.axes) < 2 or shape.axes[-1].text != shape.axes[-2].text:
        last = shape.axes[-1].text if shape.axes else "n"
        raise DeclarationError(
            f"positive_definite: dims {dims!r} do not end in two equal axes; it is a matrix, such "
            f"as positive_definite({f'{last} {last}'!r})"
        )
    return PositiveDefinite(shape)


def simplex(dims: str, *, differentiate: bool = True) -> Simplex:
    """Positive numbers whose sum along the last axis is 1.

    Claims about them are compared along directions of sum zero; there are none with
    ``differentiate=False``.
    """
    shape = parse(dims)
    if not shape.names and not shape.axes:
        raise DeclarationError("simplex: at least one axis is needed")
    return Simplex(shape, differentiate=differentiate)


def permutation(dims: str) -> Permutation:
    """A permutation of 0 … n − 1, for dims of one axis such as ``"n"``; not differentiated."""
    shape = parse(dims)
    if len(shape.axes) != 1 or shape.variadic:
        raise DeclarationError(f"permutation: dims {dims!r} have to be one axis")
    return Permutation(shape)
