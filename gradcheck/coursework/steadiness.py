"""Whether what a submission answers holds still: to the same inputs, and to those right beside.

How far a rule may be off by rounding is told by moving its inputs by their last digits. One that
makes noise of those digits on purpose looks like one that rounds badly, and undecided where it is
wrong. So such inputs are judged once more with answers that do not move: where it is wrong then by
more than rounding makes of numbers of their size, nothing but its own noise had spoken for it.

A submission may also look at what it was asked before, at what is asked beside it or at the clock,
and answer by that. So some of what was asked is asked again, in a process that has seen none of it,
in another order and other company, and has to be answered as before.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.answers import largest
from gradcheck.claims import Identity, Rule
from gradcheck.coursework.child import Broken
from gradcheck.coursework.interview import Interview, Question
from gradcheck.coursework.precision import IN_DOUBLE, PARTS, UNIT, Lost
from gradcheck.coursework.submitted import Respondent, Submitted
from gradcheck.oracle.layout import Vector
from gradcheck.verdict import Status, Verdict

#: Numbers that differ by a smaller share are the same input, moved in its last digits: the largest
#: move is of 256 of the 2⁵² parts of a number, or, of what answers in single precision, of a unit
#: of that either way; points beside another begin at 2⁻²⁰.
_ALIKE = 2.0**-30
_ALIKE_SINGLE = 4 * UNIT
#: The same question has the same answer, but for this share of its largest number. What is closer
#: than that is right or wrong together.
_SAME = 2.0**-20
#: So little is moved to see whether answers are rough: enough units of single precision for each
#: number to be rounded in another way, and by a number that is far from every fraction. What is
#: smooth is off by the square of that, what is rounded by a unit: rough is what is off by more than
#: the share half way, in digits.
_MOVE = 8 * UNIT * (1 + 5**0.5) / 2
_ROUGH = _MOVE * UNIT**0.5
#: How many questions a message of them has when they are asked again: these in turn.
_COMPANIES = (1, 2, 4, 8, 16)


def changed(respondent: Interview, asked: Mapping[str, Sequence[Question]], seed: int) -> set[str]:
    """The parts some of whose questions, asked again, are answered differently or not at all.

    When the process breaks, nothing is known of what was not asked yet: all of it counts.
    """
    rng = random.Random(seed)
    messages: list[tuple[str, list[Question]]] = []
    for name, questions in asked.items():
        left = list(questions)
        rng.shuffle(left)
        for most in itertools.cycle(_COMPANIES):
            if not left:
                break
            first = left[0].submitted
            group = [one for one in left if one.submitted is first][:most]
            left = [one for one in left if not any(one is taken for taken in group)]
            messages.append((name, group))
    rng.shuffle(messages)
    found: set[str] = set()
    for number, (name, group) in enumerate(messages):
        respondent.begin()
        try:
            calls, size = [one.call for one in group], max(one.size for one in group)
            again = respondent.ask(group[0].submitted, calls, size)
        except Broken:
            return found | {name for name, _ in messages[number:]}
        if not all(_same(one.answer, one.pick(new)) for one, new in zip(group, again, strict=True)):
            found.add(name)
    return found


def _same(a: Any, b: Any) -> bool:
    """Whether two answers are one, but for last digits."""
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(_same, a, b))
    if not isinstance(a, np.ndarray | np.generic) or not isinstance(b, np.ndarray | np.generic):
        return type(a) is type(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(np.subtract(a, b, dtype=np.float64))
        equal = (a == b) | ((a != a) & (b != b))
        limit = _SAME * np.max(np.abs(a, dtype=np.float64), initial=0.0, where=np.isfinite(a))
    return bool(np.all(equal | (apart <= limit)))


class Steady:
    """Answers for a submission at one point: the same to the same inputs but for last digits."""

    def __init__(self, respondent: Respondent, *, single: bool = False) -> None:
        self._respondent = respondent
        self._share = _ALIKE_SINGLE if single else _ALIKE
        #: By all but its real numbers, each call, and where its answer is.
        self._known: dict[Any, list[tuple[tuple[Any, ...], int]]] = {}
        self._answers: list[Any] = []

    def ask(self, submitted: Submitted, calls: Sequence[tuple[Any, ...]], size: int) -> list[Any]:
        """As the respondent, of which each call is asked but once."""
        fresh: list[tuple[Any, ...]] = []
        places = []
        for call in calls:
            near = self._known.setdefault((id(submitted), _form(call)), [])
            place = next((place for known, place in near if _alike(known, call, self._share)), None)
            if place is None:
                place = len(self._answers) + len(fresh)
                near.append((call, place))
                fresh.append(call)
            places.append(place)
        if fresh:
            self._answers += self._respondent.ask(submitted, fresh, size)
        return [self._answers[place] for place in places]


def is_noise(verdict: Verdict, lost: Lost = IN_DOUBLE) -> bool:
    """Whether a verdict on steady answers is one that rounding alone cannot have brought about."""
    if verdict.status is not Status.FAIL:
        return False
    numbers = [value for _, value in verdict.chain]
    if verdict.worst is not None:
        numbers = [verdict.worst.claimed, verdict.worst.measured]
    if not numbers or not np.all(np.isfinite(numbers)):
        return True
    return max(numbers) - min(numbers) > lost.of(size_of(verdict))


def size_of(verdict: Verdict) -> float:
    """The largest of the numbers at hand where a verdict tells of a discrepancy; at least 1."""
    numbers = [value for _, value in verdict.chain]
    if verdict.worst is not None:
        numbers = [verdict.worst.claimed, verdict.worst.measured]
    given = verdict.case.inputs.values() if verdict.case is not None else ()
    return max(1.0, *map(abs, numbers), *map(largest, given))


def has_lost_digits(claim: Rule | Identity, verdict: Verdict, lost: Lost = IN_DOUBLE) -> bool:
    """Whether a rule is off by no more than rounding makes of numbers of the size at hand.

    In the same process jitter of every operation tells what is left of ``y * (1 - y)`` from a
    mistake. None gets into another: there the inputs are moved, and 1 - 1e-17 is 1 wherever they
    are. So that little is left open, and accused of nothing. Of what answers in single precision
    the sides of an identity lose digits as well, to an input that its function adds.
    """
    may = isinstance(claim, Rule) or lost.share > PARTS
    return may and verdict.status is Status.FAIL and not is_noise(verdict, lost)


def is_rough(respondent: Respondent, questions: Sequence[Question]) -> bool:
    """Whether most answers jump where their questions move by less than single precision tells.

    What is asked at x(1 + d) and x(1 - d) is, of a rule that computes in double precision, twice
    what is asked at x, but for d²; of one that rounds to single precision on its way it is not.
    """
    rough = []
    for _, group in itertools.groupby(questions, key=lambda one: id(one.submitted)):
        asked = list(group)
        size = max(one.size for one in asked)
        calls = [[_scaled(one.call, factor) for one in asked] for factor in (1 + _MOVE, 1 - _MOVE)]
        up, down = (respondent.ask(asked[0].submitted, moved, size) for moved in calls)
        for one, a, b in zip(asked, up, down, strict=True):
            own, a, b = map(_numbers, (one.answer, one.pick(a), one.pick(b)))
            if own.shape == a.shape == b.shape and np.any(own):
                off = np.max(np.abs(a - own + (b - own)))
                rough.append(bool(off > _ROUGH * np.max(np.abs(own))))
    return bool(rough) and 2 * sum(rough) > len(rough)


def _scaled(value: Any, factor: float) -> Any:
    """An argument with its real numbers times a factor."""
    if isinstance(value, tuple | list):
        return type(value)(_scaled(part, factor) for part in value)
    return value * value.dtype.type(factor) if _is_real(value) else value


def _is_real(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "kind", "") == "f"


def _numbers(answer: Any) -> Vector:
    """The real numbers of an answer, one after the other; none where some are not finite."""
    parts = answer if isinstance(answer, tuple | list) else [answer]
    flat = [np.ravel(part) for part in parts if _is_real(part)]
    whole = np.concatenate(flat).astype(np.float64) if flat else np.zeros(0)
    return whole if np.all(np.isfinite(whole)) else np.zeros(0)


def _form(value: Any) -> Any:
    """What two values share that differ by last digits alone."""
    if isinstance(value, tuple | list):
        return tuple(map(_form, value))
    if isinstance(value, np.ndarray | np.generic):
        what = None if value.dtype.kind == "f" else value.tobytes()
        return value.dtype.str, value.shape, what
    return value


def _alike(a: Any, b: Any, share: float) -> bool:
    """Whether two values of one form differ by no more than last digits: that share of each."""
    if isinstance(a, tuple | list):
        return all(_alike(one, other, share) for one, other in zip(a, b, strict=True))
    if not isinstance(a, np.ndarray | np.generic) or a.dtype.kind != "f":
        return True
    with np.errstate(invalid="ignore"):
        close = np.abs(a - b) <= share * np.abs(a)
    return bool(np.all(close | (a == b) | ((a != a) & (b != b))))
