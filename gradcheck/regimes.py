"""How the real numbers of a drawn value look: one regime, one way to be hard for a checker."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
if TYPE_CHECKING:  # numpy loads its random numbers when they are first asked for
    Draw = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64]]


def _integers(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return rng.integers(-3, 4, shape).astype(np.float64)


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    # Rounded, so that a person can redo the arithmetic of a failing case; the step is small
    # enough that two entries of an array seldom tie.
    return np.round(rng.standard_normal(shape), 4)


def _wide(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return _signed(rng, shape, -4.0, 4.0)


def _mixed(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return _signed(rng, shape, -8.0, 8.0)


def _offset(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return rng.choice([-1.0, 1.0]) * 10.0 ** rng.integers(1, 7) + _normal(rng, shape)


def _ties(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    values = np.array([0.0, 0.0, 1.0, -1.0, rng.integers(-4, 5) / 2])
    return rng.choice(values, shape)


def _large(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return _normal(rng, shape) * 10.0 ** rng.uniform(1.0, 6.0)


def _signed(
    rng: np.random.Generator, shape: tuple[int, ...], low: float, high: float
) -> NDArray[np.float64]:
    return rng.choice([-1.0, 1.0], shape) * 10.0 ** rng.uniform(low, high, shape)


TIES = "zeros and ties"
#: Every regime by name, in the order in which the value points of one example go through them.
REGIMES: dict[str, Draw] = {
    "normal": _normal,
    "small integers": _integers,
    "wide": _wide,
    TIES: _ties,
    "offset": _offset,
    "large": _large,
    "mixed scales": _mixed,
}


def draw_reals(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    regime: str,
    low: Floats | None = None,
    high: Floats | None = None,
    nonzero: bool = False,
) -> NDArray[np.float64]:
    """Reals of a regime, strictly inside ``low`` and ``high``; shape ``shape``.

    A value outside the interval is folded into it: onto ``low + |value|`` where there is only one
    bound, to a uniformly drawn point, or one close to an edge in the regimes of large numbers,
    where there are two. The bounds themselves are left out, since no step can be taken there to
    both sides.
    """
    values = np.asarray(REGIMES[regime](rng, shape))
    if nonzero:
        values = np.where(values == 0, rng.choice([-1.0, 1.0], shape), values)
    if low is None and high is None:
        return values
    if low is not None and high is not None:
        width = high - low
        share = rng.uniform(0.0, 1.0, shape)
        if regime in ("large", "mixed scales"):
            close = 10.0 ** rng.uniform(-9.0, -1.0, shape)
            share = np.where(rng.integers(0, 2, shape) == 0, close, 1 - close)
        inside = (values > low) & (values < high)
        values = np.where(inside, values, low + width * share)
        # Round-off can put a point of a narrow interval on its edge.
        return np.where((values > low) & (values < high), values, low + width / 2)
    edge, sign = (low, 1.0) if low is not None else (high, -1.0)
    assert edge is not None
    distance = np.where(values == 0, 2.0**-10, np.abs(values))
    inside = sign * values > sign * edge
    values = np.where(inside, values, edge + sign * distance)
    return np.where(
        sign * values > sign * edge, values, edge + sign * (1 + np.abs(edge)) * 2.0**-10
    )
