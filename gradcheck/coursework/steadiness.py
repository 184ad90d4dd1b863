"""Whether a submission is right but for what may be its own rounding: its answers, held still.

How far a rule may be off by rounding is told by moving its inputs by their last digits. One that
makes noise of those digits on purpose looks like one that rounds badly, and undecided where it is
wrong. So such inputs are judged once more with answers that do not move: where it is wrong then by
more than rounding makes of numbers of their size, nothing but its own noise had spoken for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.coursework.submitted import Respondent, Submitted
from gradcheck.verdict import Status, Verdict

#: Numbers that differ by a smaller share are the same input, moved in its last digits: the largest
#: move is of 256 of the 2⁵² parts of a number, and points beside another begin at 2⁻²⁰.
_ALIKE = 2.0**-30
#: Honest rules lose digits to numbers as large as what they are given, as in ``y * (1 - y)`` where
#: y is all but 1: this share of those is more than any of them was seen to be off by.
_PARTS = 2.0**-36


class Steady:
    """Answers for a submission at one point: the same to the same inputs but for last digits."""

    def __init__(self, respondent: Respondent) -> None:
        self._respondent = respondent
        #: By all but its real numbers, each call, and where its answer is.
        self._known: dict[Any, list[tuple[tuple[Any, ...], int]]] = {}
        self._answers: list[Any] = []

    def ask(self, submitted: Submitted, calls: Sequence[tuple[Any, ...]], size: int) -> list[Any]:
        """As the respondent, of which each call is asked but once."""
        fresh: list[tuple[Any, ...]] = []
        places = []
        for call in calls:
            near = self._known.setdefault((id(submitted), _form(call)), [])
            place = next((place for known, place in near if _alike(known, call)), None)
            if place is None:
                place = len(self._answers) + len(fresh)
                near.append((call, place))
                fresh.append(call)
            places.append(place)
        if fresh:
            self._answers += self._respondent.ask(submitted, fresh, size)
        return [self._answers[place] for place in places]


def is_noise(verdict: Verdict) -> bool:
    """Whether a verdict on steady answers is one that rounding alone cannot have brought about."""
    if verdict.status is not Status.FAIL:
        return False
    numbers = [value for _, value in verdict.chain]
    if verdict.worst is not None:
        numbers = [verdict.worst.claimed, verdict.worst.measured]
    if not numbers or not np.all(np.isfinite(numbers)):
        return True
    given = verdict.case.inputs.values() if verdict.case is not None else ()
    largest = max(1.0, *map(abs, numbers), *map(_largest, given))
    return max(numbers) - min(numbers) > _PARTS * largest


def _form(value: Any) -> Any:
    """What two values share that differ by last digits alone."""
    if isinstance(value, tuple | list):
        return tuple(map(_form, value))
    if isinstance(value, np.ndarray | np.generic):
        what = None if value.dtype.kind == "f" else value.tobytes()
        return value.dtype.str, value.shape, what
    return value


def _largest(value: Any) -> float:
    if isinstance(value, list):
        return max(map(_largest, value), default=0.0)
    array = np.asarray(value)
    return float(np.max(np.abs(array), initial=0.0)) if array.dtype.kind in "iuf" else 0.0


def _alike(a: Any, b: Any) -> bool:
    """Whether two values of one form differ by no more than last digits."""
    if isinstance(a, tuple | list):
        return all(map(_alike, a, b))
    if not isinstance(a, np.ndarray | np.generic) or a.dtype.kind != "f":
        return True
    with np.errstate(invalid="ignore"):
        close = np.abs(a - b) <= _ALIKE * np.abs(a)
    return bool(np.all(close | (a == b) | ((a != a) & (b != b))))
