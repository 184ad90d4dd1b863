"""The function with one of its parts held still, or with another derivative of one.

What a rule forgets is often one way by which an input reaches the output: the sum that it is
divided by, a mean, the second place at which it stands. The function itself tells what is right
without that way: the part is replaced by the value that it has at the point, and what is left is
measured. Likewise for a function inside: near the point it is replaced by a straight line, whose
slope is what people write for its derivative.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.answers import copy_of
from gradcheck.diagnosis.changed_functions import jacobians_of, may_be, outputs_of, pulled
from gradcheck.diagnosis.evidence import Pair
from gradcheck.diagnosis.samples import Clock, Floats, Sample
from gradcheck.source_edits import Part, with_parts
from gradcheck.source_trees import Function

#: Steps by which the slope of a function inside is found, the error of which is of order six.
_SLOPE_STEP = 2.0**-7

#: The slope of a function inside, at an argument, along a direction or all of them at once.
Derivative = Callable[..., Floats]
#: Made of that, the argument and the value of the function: another slope.
Slope = Callable[[Derivative, Floats, Floats], Floats]


class Paths:
    """The function of a sample as an instrument: one part of it at a time is replaced."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.clear = True
        self.held: tuple[Part, Slope | None] | None = None
        self.values: dict[int, list[tuple[Any, Any]]] = {}
        self.visits: dict[int, int] = {}
        self.jacobians: dict[Any, list[Floats] | None] = {}
        #: The slopes that functions inside are given: by their number, visit and kind.
        self.bent: dict[Any, Floats] = {}
        made = with_parts(sample.rule.derivation.function, self._part)
        self.function: Function | None = None
        self.parts: list[Part] = []
        if made is not None:
            self.function, self.parts = made
            before = outputs_of(sample, self._run, sample.subject.x)
            self.clear = False
            if before is None or not np.array_equal(before, sample.subject.y):
                self.parts = []

    @classmethod
    def of(cls, sample: Sample) -> Paths:
        """That of a sample, made once."""
        if "paths" not in sample.remembered:
            sample.remembered["paths"] = cls(sample)
        paths: Paths = sample.remembered["paths"]
        return paths

    def calls(self, part: Part) -> bool:
        """Whether a part is a function of one array, entry by entry."""
        return any(argument is not None for argument, _ in self.values.get(part.number, []))

    def value(self, number: int) -> Floats | None:
        """What a part that is met once is at the point: numbers, or None."""
        met = self.values.get(number, [])
        if not self.parts or len(met) != 1 or np.asarray(met[0][1]).dtype.kind not in "fiu":
            return None
        return np.asarray(met[0][1], float)

    def may_be(self, pair: Pair, part: Part, slope: Slope | None) -> bool:
        """A first look: whether the claim is near what the function tells so, along one line."""
        self.held = part, slope
        try:
            return may_be(pair, self._run, np.random.default_rng(part.number))
        finally:
            self.held = None

    def pulled(self, pair: Pair, part: Part, slope: Slope | None, clock: Clock) -> Floats | None:
        """The gradient that is right for the function with the part replaced."""
        key = (part.number, slope)
        if key not in self.jacobians:
            self.held = part, slope
            try:
                rng = np.random.default_rng(part.number)
                # Not of one that changes what it is handed.
                self.jacobians[key] = jacobians_of(
                    self.sample, self._run, rng, clock, of_same_value=True
                )
            finally:
                self.held = None
        return pulled(pair, self.jacobians[key])

    def _run(self, **values: Any) -> Any:
        assert self.function is not None
        self.visits.clear()
        return self.function(**values)

    def _part(self, number: int, function: Function | None, given: Any) -> Any:
        if self.clear:  # the first run, at the point: what every part is there
            value = given if function is None else function(given)
            argument = (
                copy_of(given) if function is not None and _elementwise(given, value) else None
            )
            self.values.setdefault(number, []).append((argument, copy_of(value)))
            return value
        if self.held is None or self.held[0].number != number:
            return given if function is None else function(given)
        visit = self.visits.get(number, 0)
        self.visits[number] = visit + 1
        argument, value = self.values[number][visit]
        slope = self.held[1]
        if slope is None:
            return copy_of(value)
        if function is None or argument is None:
            raise ValueError("no function of one array")
        key = (number, visit, slope)
        if key not in self.bent:
            x = np.asarray(argument, float)
            self.bent[key] = slope(functools.partial(_slope, function), x, np.asarray(value, float))
        return value + self.bent[key] * (given - argument)


def part_values(function: Function, values: Mapping[str, Any]) -> dict[str, Floats]:
    """What every part of a function's formulas is, by its text: numbers and arrays met once."""
    met: dict[int, list[Any]] = {}

    def hook(number: int, called: Function | None, given: Any) -> Any:
        value = given if called is None else called(given)
        met.setdefault(number, []).append(copy_of(value))
        return value

    made = with_parts(function, hook)
    if made is None:
        return {}
    instrument, parts = made
    instrument(**{name: copy_of(value) for name, value in values.items()})
    found: dict[str, Floats] = {}
    for part in parts:
        seen = met.get(part.number, [])
        if len(seen) == 1 and np.asarray(seen[0]).dtype.kind in "fiu":
            found.setdefault(part.text, np.asarray(seen[0], float))
    return found


def _elementwise(argument: Any, value: Any) -> bool:
    arrays = np.asarray(argument), np.asarray(value)
    kinds = all(array.dtype.kind == "f" for array in arrays)
    return kinds and arrays[0].shape == arrays[1].shape


def _slope(function: Function, x: Floats, along: Any = 1.0) -> Floats:
    """The derivative of a smooth function along a direction: entry by entry if elementwise."""
    quotients = []
    for k in range(3):
        h = _SLOPE_STEP * 2.0**-k
        ends = [np.asarray(function(x + s * h * along), float) for s in (1.0, -1.0)]
        quotients.append((ends[0] - ends[1]) / (2 * h))
    first = [(4 * b - a) / 3 for a, b in itertools.pairwise(quotients)]
    return (16 * first[1] - first[0]) / 15


def explaining(
    pairs: list[Pair], explains: Callable[..., bool], clock: Clock, slopes: list[Slope | None]
) -> Iterator[tuple[Part, int]]:
    """The parts, and the numbers of the slopes, with which the function explains a claim.

    ``explains`` is told a prediction and what is further given to it.
    """
    largest = max(pairs, key=lambda pair: (not pair.sample.failing, pair.right.size))
    paths = Paths.of(largest.sample)
    for part in paths.parts:
        for number, slope in enumerate(slopes):
            clock.check()
            if slope is not None and not paths.calls(part):
                continue
            if not paths.may_be(largest, part, slope):
                continue
            if explains(
                lambda pair, part, slope: Paths.of(pair.sample).pulled(pair, part, slope, clock),
                part,
                slope,
            ):
                yield part, number
