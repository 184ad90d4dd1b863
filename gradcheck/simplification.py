"""A failing case made small: sizes by slicing, then entries to simple numbers.

Each step is kept only if the claim still fails, and in the same way. The number of judgements is
bounded; Hypothesis' own shrinker needs four times as long here, and stops at arrays of random
numbers, since it sees a seed where this sees the entries.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.claims import Derivation, Identity
from gradcheck.dims import Bindings
from gradcheck.errors import GradcheckError
from gradcheck.verdict import Status, Verdict

#: At most so many judgements are spent on one case, and about so many seconds of computing, which
#: only a slow function needs: its mistake is still to be named.
BUDGET = 160
_SECONDS = 8.0
#: An array of as many entries is long.
_LONG = 16
#: An input, or one array of a list of them.
_Place = tuple[str, "int | None"]
#: Values for one entry, the simplest first; powers of two and short decimals of what it was follow.
_SIMPLE = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5)


class Simplifier:
    """Reduces one failing case."""

    def __init__(
        self, owner: Derivation | Identity, judge: Callable[[Case], Verdict], verdict: Verdict
    ) -> None:
        assert verdict.case is not None
        self.owner, self.judge = owner, judge
        self.case: Case = verdict.case
        self.verdict = verdict
        self.worst = verdict
        self.left = BUDGET
        self.until = time.thread_time() + _SECONDS

    def run(self) -> Verdict:
        """The verdict on the simplest failing case that was found."""
        self._sizes()
        self._whole_inputs()
        self._parts()
        self._entries()
        # Of simple numbers fewer may be enough.
        self._sizes()
        return self.verdict

    def _try(self, inputs: dict[str, Any]) -> bool:
        if time.thread_time() > self.until:
            self.left = 0
        if self.left <= 0:
            return False
        self.left -= 1
        case = self.case.with_inputs(inputs)
        try:
            verdict = self.judge(case)
        except GradcheckError:
            return False
        if verdict.status is not Status.FAIL or verdict.title != self.verdict.title:
            return False
        if verdict.kinks > self.verdict.kinks:
            return False  # simpler, but shown by numbers that are those of a point beside it
        self.case, self.verdict = case, verdict
        if discrepancy(verdict) > discrepancy(self.worst):
            self.worst = verdict
        return True

    def _sizes(self) -> None:
        bindings = self.owner.bind(self.case.inputs)
        for name in list(bindings):
            size = bindings[name]
            if isinstance(size, tuple):
                for fewer in ((), (1,) * len(size)):
                    # Axes cannot be dropped by slicing; those of size 1 are as good.
                    if len(fewer) == len(size) and self._resize({**bindings, name: fewer}):
                        bindings = self.owner.bind(self.case.inputs)
                continue
            low = self.owner.options.sizes.get(name, (1, 0))[0]
            for smaller in (low, low + 1, low + 2, size // 4, size // 2, size - 1):
                if low <= smaller < size and self._resize({**bindings, name: smaller}):
                    bindings = self.owner.bind(self.case.inputs)
                    break

    def _resize(self, bindings: Bindings) -> bool:
        arguments = self.owner.arguments
        try:
            inputs = {
                name: arguments[name].resize(value, bindings)
                for name, value in self.case.inputs.items()
            }
            if not self._inside(inputs, bindings):
                return False
            if self.owner.bind(inputs) != bindings:
                return False
        except (GradcheckError, ValueError, IndexError):
            return False
        return self._try(inputs)

    def _whole_inputs(self) -> None:
        """Every entry of an array to one simple number, or to a short decimal."""
        for place in self._arrays():
            array = self._at(place)
            if array.dtype.kind != "f":
                continue
            for candidate in (
                np.zeros_like(array),
                np.ones_like(array),
                np.round(array),
                np.round(array, 1),
                np.round(array, 2),
            ):
                if not np.array_equal(candidate, array) and self._replace(place, candidate):
                    break

    def _parts(self) -> None:
        """Halves and quarters of long arrays to 0: each entry by itself would be many tries."""
        for place in self._arrays():
            size = self._at(place).size
            for part in (size // 2, size // 4) if size >= _LONG else ():
                for start in range(0, size, part):
                    array = self._at(place).copy()
                    array.reshape(-1)[start : start + part] = 0
                    if not np.array_equal(array, self._at(place)):
                        self._replace(place, array)

    def _entries(self) -> None:
        """Single entries to simple numbers, until a round changes nothing or the budget ends."""
        changed = True
        while changed and self.left > 0:
            changed = False
            for place in self._arrays():
                for position in range(self._at(place).size):
                    for simple in _candidates(self._at(place).reshape(-1)[position]):
                        array = self._at(place).copy()
                        array.reshape(-1)[position] = simple
                        if self._replace(place, array):
                            changed = True
                            break
                    if self.left <= 0:
                        return

    def _arrays(self) -> list[_Place]:
        """Where there are numbers: the name of each input, and the part of a list of arrays."""
        found: list[_Place] = []
        for name, value in self.case.inputs.items():
            if self.owner.arguments[name].drawn_elsewhere:
                continue
            if isinstance(value, list):
                found += [(name, k) for k, part in enumerate(value) if _is_number(part)]
            elif _is_number(value):
                found.append((name, None))
        return found

    def _at(self, place: _Place) -> np.ndarray:
        name, part = place
        value = self.case.inputs[name]
        return np.asarray(value if part is None else value[part])

    def _replace(self, place: _Place, array: Any) -> bool:
        # Adding 0 turns -0.0 into 0.0.
        array = array + array.dtype.type(0)
        array = array if array.ndim else array[()]
        name, part = place
        if part is not None:
            parts = list(self.case.inputs[name])
            parts[part] = array
            array = parts
        inputs = {**self.case.inputs, name: array}
        return self._inside(inputs, self.owner.bind(inputs)) and self._try(inputs)

    def _inside(self, inputs: dict[str, Any], bindings: Bindings) -> bool:
        return all(
            argument.contains(inputs[name], bindings, inputs)
            for name, argument in self.owner.arguments.items()
        )


def discrepancy(verdict: Verdict) -> float:
    """The relative discrepancy of a verdict's worst entry."""
    return verdict.worst.discrepancy if verdict.worst is not None else 0.0


def _candidates(current: Any) -> Iterator[Any]:
    """Simpler values than the current one, the simplest first."""
    if np.asarray(current).dtype.kind in "iu":
        yield from (value for value in (0, 1) if value < current)
        return
    for simple in _SIMPLE:
        if simple == current:
            return
        yield simple
    magnitude = abs(float(current))
    if magnitude > 0:
        power = float(np.sign(current) * 2.0 ** np.round(np.log2(magnitude)))
        if power == current:
            return
        yield power
        for digits in (1, 2):
            short = float(f"{float(current):.{digits}g}")
            if short == current:
                return
            yield short


def _is_number(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fiu"
