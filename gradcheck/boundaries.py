"""Where a function's branches meet, and where it goes flat, along a ray from a drawn point.

A rule that is wrong in a thin region is met by few random points, and such regions lie where
branches meet: a threshold that is written in the code is tried as a value (see ``sampling``), one
that is computed shows in the slopes from its two sides alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.dims import Bindings
from gradcheck.oracle.directions import magnitudes
from gradcheck.returned import SetAside, Violation
from gradcheck.subject import Subject

#: The ray: all inputs times powers of two from the first to the second exponent, by so many steps.
_LOW, _HIGH, _STEPS = -2.0, 5.0, 56
#: So many boundaries at which slopes jump are located, and as many at which only second derivatives
#: do, each by so many halvings of a step.
_MOST = 2
_HALVINGS = 10
#: Below this share of the numbers a difference of them is rounding.
_NOISE = 2.0**-40
#: How far from a boundary it is judged, to both sides, in exponents: right beside, a little off.
_BESIDE = (2.0**-10, 2.0**-4)
#: Slopes of less than this share of the largest are flat.
_FLAT = 2.0**-10


def cases_at_boundaries(rule: Rule, case: Case, bindings: Bindings) -> list[Case]:
    """Points at which a rule may be wrong though it is right elsewhere: at most nine.

    On the ray through the inputs of ``case``, as far as their domains reach: outside of them the
    function is not called, which may not come to an end there.
    """
    owner = rule.derivation
    with np.errstate(all="ignore"):
        try:
            subject = Subject(owner, case.inputs, bindings, rule.wrt)
        except (SetAside, Violation):
            return []
        if not subject.x.size or not subject.y.size or subject.point.tangent is not None:
            return []
        rng = case.rng("boundaries")
        weights = magnitudes(rng, subject.y.size)

        def moved(exponent: float) -> dict[str, Any] | None:
            inputs = {**case.inputs, **subject.inputs.restore(subject.x * 2.0**exponent)}
            arguments = owner.arguments.items()
            inside = all(a.contains(inputs[name], bindings, inputs) for name, a in arguments)
            return inputs if inside else None

        def at(exponent: float) -> float:
            if moved(exponent) is None:
                return np.nan
            return float(subject.point.evaluate(subject.x * 2.0**exponent) @ weights)

        exponents = sorted(set(_exponents(at)))
    cases = (moved(exponent) for exponent in exponents)
    return [Case(inputs, int(rng.integers(2**31))) for inputs in cases if inputs is not None]


def _exponents(at: Callable[[float], float]) -> Iterator[float]:
    grid = np.linspace(_LOW, _HIGH, _STEPS + 1)
    values = np.array([at(exponent) for exponent in grid])
    found: list[float] = []
    for order in (2, 3):
        for k in _suspects(values, order):
            part = slice(k, k + 2 * order + 1, 2)
            place = _located(at, order, grid[part].tolist(), values[part].tolist())
            if place is not None:
                found.append(place)
    for place in found:
        yield from (place + side * away for side in (-1, 1) for away in _BESIDE)
    slopes = np.abs(np.diff(values))
    steep = np.flatnonzero(slopes > _FLAT * np.nanmax(slopes, initial=0.0))
    after = steep[-1] + 1 if steep.size else slopes.size
    if after < slopes.size and np.isfinite(slopes[after]):
        yield float(grid[after])


def _suspects(values: NDArray[np.float64], order: int) -> list[int]:
    """The windows in which a difference shrinks least from every second value to every one."""
    wide = np.abs(np.diff(values[::2], order))
    narrow = np.lib.stride_tricks.sliding_window_view(np.abs(np.diff(values, order)), order + 1)
    left = narrow[::2].max(axis=1) / wide
    left[~np.isfinite(left) | (wide <= _NOISE * np.abs(values[: 2 * wide.size : 2]))] = 0.0
    chosen: list[int] = []
    for k in np.argsort(-left):
        apart = all(abs(2 * int(k) - other) > 2 * order for other in chosen)
        if left[k] > 0 and apart and len(chosen) < _MOST:
            chosen.append(2 * int(k))
    return chosen


def _located(
    at: Callable[[float], float], order: int, places: list[float], values: list[float]
) -> float | None:
    """Where a function is not smooth, between so many places; None where it is.

    The difference of an ``order`` of a smooth function shrinks by 2 to the order with every
    halving, that of one whose derivative of the order before jumps by half of this.
    """
    first = rough = _difference(values, order)
    for _ in range(_HALVINGS):
        between = [(low + high) / 2 for low, high in itertools.pairwise(places)]
        seen = dict(zip(places, values, strict=True)) | {place: at(place) for place in between}
        every = sorted(seen)
        windows = [every[k : k + order + 1] for k in range(order + 1)]
        differences = [_difference([seen[t] for t in window], order) for window in windows]
        k = int(np.argmax(differences))
        places, rough = windows[k], differences[k]
        values = [seen[t] for t in places]
    jumps = rough > first * 2.0 ** (-_HALVINGS * (order - 0.5))
    return places[order // 2] if jumps and rough > _NOISE * max(map(abs, values)) else None


def _difference(values: list[float], order: int) -> float:
    difference = abs(float(np.diff(values, order)[0]))
    return difference if np.isfinite(difference) else 0.0
