"""What is missing in a formula, found by running it with something more in one place after another.

Most formulas are affine in most of their parts: what a part has to be moved by is then known from a
few runs, and what may be missing is compared with that. Elsewhere the formula runs with each.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.claims import Rule
from gradcheck.diagnosis.evidence import Evidence, Pair
from gradcheck.diagnosis.samples import Floats, Sample, reask
from gradcheck.errors import DeclarationError
from gradcheck.insertions import Candidate, Seen, Trial, candidates, fits, values_of
from gradcheck.missing_parts import LEVELS, Level, Quantity, calls_around
from gradcheck.source_edits import literals
from gradcheck.source_trees import Edit, Function
from gradcheck.time_limit import TimeUp, Watch

#: What is measured of a gradient is rarely known better; what agrees is tried, and then judged.
_NEAR = 1e-6
#: A formula is affine in a part up to this share of what that moves.
_AFFINE = 1e-9
#: A part of so many numbers is moved by one after another.
_MOST_NUMBERS = 64
#: Numbers that may be missing in any formula.
_TRIED = (1.0, 2.0, 3.0, 4.0)
#: Seconds that are spent on what is missing in one formula.
_LONGEST = 1.5


def insertions(
    evidence: Evidence,
    function: Function,
    make: Callable[[Function], Rule],
    watch: Watch,
    *,
    beside: Sequence[str] = (),
    nested: bool = False,
) -> Iterator[list[Edit]]:
    """The edits that put what is missing into a function, level by level, the simplest first.

    Those after which the rule that ``make`` makes of it is right for one cotangent, at one usual
    point. ``beside`` are expressions that stand for numbers in it; with ``nested``, functions
    inside of it are edited as well.
    """
    try:
        trial = Trial(function, beside, nested, numbers=_numbers(evidence, function))
        search = _Search.of(evidence, trial, make(trial.function), watch)
    except (OSError, TypeError, ValueError, SyntaxError, LookupError, DeclarationError):
        return
    if search is not None:
        around = Level((), tuple(calls_around(evidence.rule.derivation.function)))
        for level in (*([around] if around.forms else []), *LEVELS):
            yield list(search.edits(level))


def _numbers(evidence: Evidence, function: Function) -> list[str]:
    """The numbers in the source of a rule and of its function, but for those tried anyway."""
    found = literals(evidence.rule.derivation.function) | literals(function)
    told = (number for number in sorted(found) if number > 0 and number not in _TRIED)
    return [f"{int(number) if number.is_integer() else number!r}" for number in told]


def _telling(evidence: Evidence) -> Sample | None:
    """The point at which what is missing is looked for: a usual one where the rule is wrong."""
    wrong = {
        id(pair.sample): pair.sample
        for view in evidence.views
        for pair in view.pairs
        if not _agree(pair)
    }
    usual = [sample for sample in wrong.values() if not sample.failing] or [*wrong.values()]
    return min(usual, key=_size, default=None)


def _size(sample: Sample) -> tuple[bool, int]:
    """How many numbers there are at a point; those where some size is 1 come last."""
    sizes = [size for leaf in sample.inputs.leaves for size in leaf.shape]
    return 1 in sizes, sample.inputs.size * sample.outputs.size


def _agree(pair: Pair) -> bool:
    if pair.claimed is None or np.shape(pair.claimed) != pair.leaf.shape:
        return False
    off = np.abs(np.asarray(pair.claimed, float) - pair.right)
    return not bool(np.any(off > _NEAR * np.abs(pair.right).max(initial=0.0)))


#: Quantities of one shape and what they are made of, a row for each.
_Table = tuple[list[tuple[Quantity, tuple[str, ...]]], Floats]


class _Tables:
    """The values of quantities, which are the same in all places where the same is at hand."""

    def __init__(self) -> None:
        self._known: dict[Any, dict[tuple[int, ...], _Table]] = {}

    def of(self, seen: Seen, level: Level) -> dict[tuple[int, ...], _Table]:
        """The quantities of a level by their shape."""
        held = ((text, np.asarray(value).tobytes()) for text, value in seen.held.items())
        key = id(level), *held
        if key not in self._known:
            self._known[key] = self._made(seen, level)
        return self._known[key]

    @staticmethod
    def _made(seen: Seen, level: Level) -> dict[tuple[int, ...], _Table]:
        found: dict[tuple[int, ...], tuple[list[Any], list[Floats]]] = {}
        for quantity, others, value in values_of(level.quantities, seen.held):
            array = np.asarray(value, float)
            if array.size and np.all(np.isfinite(array)):
                labels, rows = found.setdefault(array.shape, ([], []))
                labels.append((quantity, others))
                rows.append(array.reshape(-1))
        return {shape: (labels, np.array(rows)) for shape, (labels, rows) in found.items()}


def _summed_to(weights: Floats, shape: tuple[int, ...]) -> Floats:
    """The weights of an array of a smaller shape that is spread over theirs."""
    axes = tuple(range(weights.ndim - len(shape)))
    summed = weights.sum(axis=axes)
    small = tuple(k for k, size in enumerate(shape) if size == 1 != summed.shape[k])
    return np.asarray(summed.sum(axis=small, keepdims=True), float).reshape(-1)


@dataclass
class _Part:
    """What a place holds, and, where the formula is affine in it, what it has to be moved by.

    ``weights`` are such that each right value is moved by ``needed`` in their direction.
    """

    seen: Seen
    weights: Floats | None = None
    needed: float = 0.0


class _Search:
    """One rule with hooks at one point: what comes of it, and what ought to."""

    def __init__(
        self, evidence: Evidence, trial: Trial, sample: Sample, rule: Rule, watch: Watch
    ) -> None:
        self.clock, self.trial, self.watch = evidence.clock, trial, watch
        self.sample = replace(sample, rule=rule)
        self.until = time.thread_time() + _LONGEST
        asked = sample.answers[:1]
        if rule.kind not in ("vjp", "jvp"):
            asked = list(reask(sample, sample.answers))
        self.right = np.concatenate(
            [
                Pair(sample, number, u, answer).right.reshape(-1)
                for u, answer in asked
                for number in range(len(sample.inputs.leaves))
            ]
        )
        #: What the rule answers as it is.
        self.now: Floats | None = None
        self.parts: dict[int, _Part] = {}
        self.tables = _Tables()

    @classmethod
    def of(cls, evidence: Evidence, trial: Trial, rule: Rule, watch: Watch) -> _Search | None:
        """None where there is no point at which it could be looked for."""
        sample = _telling(evidence)
        if sample is None or not trial.places or rule.problem is not None:
            return None
        search = cls(evidence, trial, sample, rule, watch)
        with trial.watching():
            search.now = search.computed()
        return search

    def computed(self) -> Floats | None:
        """All numbers of the answers; None where they are not of the right shape."""
        found: list[Floats] = []
        with contextlib.suppress(TimeUp), self.watch.lap():
            for _, answer in reask(self.sample, self.sample.answers[:1]):
                if answer.parts is None:
                    return None
                for part, leaf in zip(answer.parts, self.sample.inputs.leaves, strict=True):
                    if np.shape(part) != leaf.shape:
                        return None
                    found.append(np.asarray(part, float).reshape(-1))
            return np.concatenate(found)
        return None

    def edits(self, level: Level) -> Iterator[Edit]:
        """The edits of one level that seem to mend the rule, those that fit in shape first.

        Where the formula is not affine it has to run with each, which is done where no other part
        lacks anything.
        """
        found = list(self._found(level, affine=True)) or list(self._found(level, affine=False))
        return self.trial.edits(found)

    def _found(self, level: Level, *, affine: bool) -> Iterator[Candidate]:
        for number, seen in enumerate(self.trial.seen):
            self.clock.check()
            if not seen.times or seen.value is None or time.thread_time() > self.until:
                continue
            if number not in self.parts:
                self.parts[number] = self._part(number, seen)
            part = self.parts[number]
            if (part.weights is not None) is not affine:
                continue
            if part.weights is not None:
                yield from self._computed(number, part, part.weights, level)
            elif level is LEVELS[0] or seen.times > 1:
                yield from self.trial.running_with(number, level.quantities, self._mended)
            if level.forms:
                yield from self.trial.running_in(number, level.forms, self._mended)

    def _computed(
        self, number: int, part: _Part, weights: Floats, level: Level
    ) -> Iterator[Candidate]:
        """What moves a part in which the formula is affine by what is needed."""
        value = np.asarray(part.seen.value, float)
        now = float(weights @ value.reshape(-1))
        for shape, (labels, matrix) in self.tables.of(part.seen, level).items():
            if not fits(shape, value.shape):
                continue
            added = _summed_to(weights.reshape(value.shape), shape)
            times = _summed_to(weights.reshape(value.shape) * value, shape)
            for operator, rows, by, target in (
                ("+", matrix, added, part.needed),
                ("-", matrix, added, -part.needed),
                ("*", matrix, times, part.needed + now),
                ("/", 1 / matrix, times, part.needed + now),
            ):
                near = _NEAR * (np.abs(rows) @ np.abs(by))
                if operator in "*/":
                    near = near + _NEAR * abs(now)
                # What is needed has to be seen beside what it is added to.
                hits = (np.abs(rows @ by - target) <= near) & (abs(part.needed) > near)
                for k in np.flatnonzero(hits):
                    quantity, others = labels[k]
                    if operator in quantity.operators:
                        yield from candidates(number, quantity, operator, others, shape, value)
        if level is LEVELS[0]:
            wider = [quantity for quantity in level.quantities if quantity.others]
            yield from self.trial.running_with(number, wider, self._mended, wider=True)

    def _part(self, number: int, seen: Seen) -> _Part:
        """What a place has to be moved by, as far as that is one number."""
        part = _Part(seen)
        value = np.asarray(seen.value, float)
        if seen.times > 1 or self.now is None or not 0 < value.size <= _MOST_NUMBERS:
            return part
        off = self.right - self.now
        known = np.isfinite(off)  # a claim of single entries has not all of them
        rng = np.random.default_rng(number)
        functional = np.where(known, rng.standard_normal(off.size), 0.0)
        step = float(np.abs(value).max()) or 1.0
        weights = np.zeros(value.size)
        for k in range(value.size):
            moved = self._along(number, value, step * np.eye(value.size)[k], functional)
            if moved is None:
                return part
            weights[k] = moved / step
        probe = step * rng.standard_normal(value.size)
        for direction in (probe, -2 * probe):
            moved = self._along(number, value, direction, functional)
            size = float(np.abs(weights) @ np.abs(direction)) + float(
                np.abs(functional) @ np.abs(np.where(known, self.now, 0.0))
            )
            if moved is None or abs(moved - weights @ direction) > _AFFINE * size:
                return part
        part.weights = weights
        part.needed = float(functional @ np.where(known, off, 0.0))
        return part

    def _along(
        self, number: int, value: Floats, direction: Floats, functional: Floats
    ) -> float | None:
        """How the answers move along a functional where a part moves in a direction."""
        moved = value + direction.reshape(value.shape)
        found = self._with(number, moved if value.ndim else moved[()])
        if found is None or self.now is None:
            return None
        return float(functional @ np.where(functional == 0, 0.0, found - self.now))

    def _with(self, number: int, value: Any) -> Floats | None:
        with self.trial.changing(number, lambda _, frame: value):
            return self.computed()

    def _mended(self) -> bool:
        """Whether the answers are right as the formula now computes."""
        found = self.computed()
        if found is None:
            return False
        known = np.isfinite(self.right)
        if self.now is not None:
            known &= np.isfinite(self.now)
        apart = np.abs(found - self.right)[known]
        return bool(np.all(apart <= _NEAR * self._largest))

    @functools.cached_property
    def _largest(self) -> float:
        return float(np.abs(self.right).max(initial=0.0, where=np.isfinite(self.right)))
