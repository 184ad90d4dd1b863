"""A rule at one point: the whole measured Jacobian there, and what the rule answers.

Gathered only after a failure, at small sizes, and within a time that is set.
"""

from __future__ import annotations

import contextlib
import functools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.answers import copy_of
from gradcheck.asked_entries import Entries
from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.dims import Bindings
from gradcheck.evaluation import claim_at
from gradcheck.judging import judge
from gradcheck.judging.context import MARGIN
from gradcheck.judging.hessians import gradient_subject
from gradcheck.oracle.directions import magnitudes
from gradcheck.oracle.entry import (
    coordinate_line,
    coordinate_reach,
    moved_by,
    slopes_of_each,
)
from gradcheck.oracle.ladder import DOUBLE, Line
from gradcheck.oracle.layout import Layout, Vector
from gradcheck.returned import SetAside, Violation
from gradcheck.subject import Subject

Floats = NDArray[np.floating[Any]]
#: Larger Jacobians are not measured whole: inputs, and entries.
_MOST_INPUTS = 240
_MOST_ENTRIES = 40_000
#: How many cotangents a point is asked about.
_COTANGENTS = 3
#: A claim of single entries is looked at for so many outputs.
_MOST_ROWS = 12
#: The measured values are moved by their error in so many random ways, to see how far what is made
#: of them moves.
MOVES = 2
#: The time that a thread has computed takes a call of the system, and in some sandboxes a third of
#: a millisecond: it is looked at no more often than after so many seconds.
_LOOK = 2.0**-8
#: A function that waits, for a file or another thread, is given up after so many times the seconds
#: that a diagnosis may compute.
_WAITING = 4.0
#: So many columns are measured at once: their number has to be looked at by the clock.
_AT_ONCE = 16
#: A name needs about so many calls of the function; for one that is slow there is more time than
#: usual for them, up to so many times.
_CALLS = 1200
_MOST_TIMES = 8.0
#: A column measured this well need not be measured along another scale; of a slow function, this.
_GOOD, _GOOD_OF_SLOW = 1e-8, 1e-6
#: The levels by which claims pass, where most slopes are best, and all of them for the others.
_USUAL = sorted({level for pair in DOUBLE.pairs for level in pair})
_EVERY = list(range(DOUBLE.count))


class TooSlow(Exception):
    """The time that a diagnosis may take is over."""


class Clock:
    """The time that is left, counted as this thread computes: a busy machine hides no name."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.began, self.latest = time.thread_time(), time.monotonic() + _WAITING * seconds
        #: How long a call of a slow function takes.
        self.call = 0.0
        #: Which share of the time may be used so far.
        self.share = 1.0
        #: Until when what is looked at now may compute.
        self.until = math.inf
        #: When the time was last looked at.
        self._looked = -math.inf

    def lengthen(self, call: float) -> None:
        """Give a function of which a call takes so many seconds the time for enough of them."""
        more = min(_CALLS * call, _MOST_TIMES * self.seconds) - self.seconds
        if more > 0 and not self.call:
            self.call = call
            self.seconds += more
            self.latest += _WAITING * more

    @property
    def is_slow(self) -> bool:
        """Whether it is of a function that needs more time than usual."""
        return self.call > 0

    def allows(self, inputs: int) -> bool:
        """Whether there is time to measure a Jacobian with respect to so many numbers."""
        needed = 2 * len(_USUAL) * inputs * self.call
        return time.thread_time() + needed <= self.began + self.share * self.seconds

    @property
    def left(self) -> float:
        """Which share of all time is not used yet."""
        used = (time.thread_time() - self.began) / self.seconds
        return max(self.share - used, 0.0)

    @property
    def is_over(self) -> bool:
        """Whether all of the time is used."""
        late = time.monotonic() > self.latest
        return late or time.thread_time() > self.began + self.share * self.seconds

    @contextlib.contextmanager
    def within(self, share: float) -> Iterator[None]:
        """What is looked at inside has so much of the time."""
        self.until = time.thread_time() + share * self.seconds
        try:
            yield
        finally:
            self.until = math.inf

    def check(self) -> None:
        """Raise ``TooSlow`` where none is left."""
        clock = time.monotonic()
        if clock < self._looked + _LOOK:
            return
        self._looked = clock
        now = time.thread_time()
        if now > self.until or now > self.began + self.share * self.seconds:
            raise TooSlow
        if clock > self.latest:
            raise TooSlow


@dataclass
class Answer:
    """What a rule gave for one cotangent: an array for each leaf, of whatever shape and type.

    ``problem`` says why there is none.
    """

    parts: list[Any] | None
    problem: str = ""
    raw: Any = None


@dataclass
class Sample:
    """A rule at one point, with the Jacobian measured there.

    For a claim of tangents the roles are swapped: the "cotangent" is a tangent, the "gradient" an
    output, the Jacobian its transpose. ``versions`` are the Jacobian and the same moved by its
    error, of shape ``(m, n)``, NaN where a kink or a jump keeps it from being known. In a
    constrained domain it is that along the domain: times the projection onto what stays inside.
    """

    rule: Rule
    case: Case
    bindings: Bindings
    subject: Subject
    inputs: Layout
    outputs: Layout
    versions: list[Floats]
    answers: list[tuple[Vector, Answer]] = field(default_factory=list)
    #: Measures the Jacobian again, by what rounding inside the function does to it.
    again: Callable[[], list[Floats]] | None = None
    #: Whether it is the case that failed.
    failing: bool = False
    remembered: dict[Any, Any] = field(default_factory=dict)

    @functools.cached_property
    def names(self) -> dict[str, Any]:
        """Every named value: inputs and outputs."""
        return self.subject.names

    @functools.cached_property
    def noise(self) -> float:
        """The largest error of the measured Jacobian."""
        off = np.abs(self.versions[1] - self.versions[0])
        return float(off[np.isfinite(off)].max(initial=0.0))

    @functools.cached_property
    def careful(self) -> Sample:
        """The same, with errors that know how far rounding inside the function moves it."""
        return self if self.again is None else replace(self, versions=self.again(), remembered={})

    def ask(self, u: Vector, substitutes: Mapping[str, Any] | None = None) -> Answer:
        """What the rule answers for a cotangent, with other values for some names."""
        given = substitutes or {}
        return self.inside(_ask(self.rule, self.subject, self.inputs, self.outputs, u, given))

    def inside(self, answer: Answer) -> Answer:
        """The part of an answer that is claimed: of gradients, that along the domain."""
        if answer.parts is None or self.subject.point.tangent is None:
            return answer
        parts = [self.along(number, part) for number, part in enumerate(answer.parts)]
        return replace(answer, parts=parts)

    def along(self, number: int, gradient: Any) -> Any:
        """A gradient for one input without what points out of a constrained domain.

        What is measured of it there are its products with directions inside, and no more.
        """
        leaf = self.inputs.leaves[number]
        if (
            self.subject.point.tangent is None
            or np.shape(gradient) != leaf.shape
            or self.rule.kind == "jvp"
        ):
            return gradient
        flat = np.zeros(self.inputs.size)
        flat[leaf.slice] = np.asarray(gradient, dtype=float).reshape(-1)
        return self.subject.point.along(flat)[leaf.slice].reshape(leaf.shape)


def sample_at(rule: Rule, case: Case, clock: Clock) -> Sample | None:
    """A rule at a case; None where the function has no value there or is too large."""
    values, bindings = rule.derivation.accept(case.inputs)
    with np.errstate(all="ignore"):
        began = time.thread_time()
        try:
            if rule.kind == "hessian":
                subject = gradient_subject(rule, values, bindings, case, judge)
            else:
                subject = Subject(rule.derivation, values, bindings, rule.wrt)
                clock.lengthen(time.thread_time() - began)
        except (SetAside, Violation):
            return None
        n, m = subject.x.size, subject.y.size
        if subject.point.tangent is not None and rule.kind == "jvp":
            return None  # it is asked about directions that leave the domain
        if not 0 < n <= _MOST_INPUTS or not m > 0 or n * m > _MOST_ENTRIES:
            return None
        rng = case.rng("diagnosis")
        swapped = rule.kind == "jvp"

        def versions(*, aware: bool = False) -> list[Floats]:
            jacobian, error = jacobian_of(subject, clock, aware=aware)
            found = [jacobian + 0.0 * error]
            for _ in range(MOVES):
                found.append(jacobian + error * rng.choice([-1.0, 1.0], error.shape))
            return [version.T for version in found] if swapped else found

        layouts = (
            (subject.outputs, subject.inputs) if swapped else (subject.inputs, subject.outputs)
        )
        careful = functools.partial(versions, aware=True)
        sample = Sample(rule, case, bindings, subject, *layouts, versions(), again=careful)
        if rule.kind in ("vjp", "jvp"):
            for u in _cotangents(rng, sample):
                clock.check()
                sample.answers.append((u, sample.ask(u)))
        else:
            sample.answers = [
                (u, sample.inside(answer)) for u, answer in _entry_answers(rule, subject, case, rng)
            ]
        return sample


def _cotangents(rng: np.random.Generator, sample: Sample) -> Iterator[Vector]:
    size = sample.outputs.size
    for number in range(_COTANGENTS):
        u = magnitudes(rng, size)
        if number == 1:
            u = 2.0 * rng.standard_normal(size)
        yield u
        if sample.rule.kind == "jvp" and len(sample.outputs.leaves) > 1:
            # One input moves, so that what is wrong can be told from which.
            leaf = sample.outputs.leaves[number % len(sample.outputs.leaves)]
            alone = np.zeros(size)
            alone[leaf.slice] = u[leaf.slice]
            yield alone


def jacobian_of(subject: Subject, clock: Clock, *, aware: bool = False) -> tuple[Floats, Floats]:
    """The whole Jacobian and its error bound, NaN where a kink keeps it from being known.

    ``aware``: with the rounding of the function, which costs some calls to measure.
    """
    point = subject.point
    value, error = np.full((point.m, point.n), np.nan), np.full((point.m, point.n), np.inf)
    reaches = [list(dict.fromkeys(coordinate_reach(point, column))) for column in range(point.n)]
    left = list(range(point.n))
    good = _GOOD_OF_SLOW if clock.is_slow else _GOOD
    # By one scale, where need be at all steps, and what is not known well then by the other.
    for number in range(max(map(len, reaches))):
        lines = {
            column: coordinate_line(point, column, reaches[column][number], DOUBLE)
            for column in left
            if number < len(reaches[column])
        }
        lines = {column: line for column, line in lines.items() if moved_by(line, column) != 0}
        for levels in (_USUAL, _EVERY):
            asked = [column for column in left if column in lines]
            for start in range(0, len(asked), _AT_ONCE):
                clock.check()
                some = asked[start : start + _AT_ONCE]
                chosen = {column: lines[column] for column in some}
                found = _columns(subject, chosen, levels, aware=aware)
                better = np.isnan(value[:, some]) | (found[1] < error[:, some])
                for kept, these in zip((value, error), found, strict=True):
                    kept[:, some] = np.where(better, these, kept[:, some])
            largest = np.abs(value).max(axis=0, initial=0.0)
            poor = ~(error <= good * largest).all(axis=0)
            left = [column for column in left if column not in lines or poor[column]]
    return value, np.where(np.isfinite(error), error, np.nan)


def _columns(
    subject: Subject, lines: Mapping[int, Line], levels: list[int], *, aware: bool
) -> list[Floats]:
    """Columns of the Jacobian and their errors, infinite where they are not known."""
    # Along several inputs at once the rounding of the steps counts, too.
    aware = aware or subject.point.tangent is not None
    found = slopes_of_each([*lines.values()], DOUBLE, levels, _epsilon(subject), aware=aware)
    along = np.array([moved_by(line, column) for column, line in lines.items()])
    value = np.column_stack([one.value for one in found])
    error = np.column_stack(
        [np.where(np.isfinite(one.error) & ~one.kinked, one.error, np.inf) for one in found]
    )
    return [value / along, MARGIN * error / along]


def aligned(first: Floats, moved: Floats, u: Vector) -> Floats:
    """A Jacobian ``moved`` by its error, each row with the sign that it has in ``u``.

    What is pulled back by ``u`` then moves by the whole of its error: by random signs the errors of
    a few rows may cancel, and in one entry of many they do.
    """
    if moved is first:
        return first
    u = np.asarray(u).reshape(-1, 1)
    off = moved - first
    columns = np.where(off.sum(axis=0) < 0, -1.0, 1.0)
    return first + np.where(u == 0, off, np.abs(off) * np.sign(u) * columns)


def _epsilon(subject: Subject) -> float:
    if subject.dtype.itemsize >= np.dtype(np.float64).itemsize:
        return DOUBLE.epsilon
    return float(np.finfo(subject.dtype).eps) / 2


def _entry_answers(
    rule: Rule, subject: Subject, case: Case, rng: np.random.Generator
) -> list[tuple[Vector, Answer]]:
    """The claimed matrix, asked about by cotangents as a backward rule is."""
    m = subject.y.size
    claimed = np.full((m, subject.x.size), np.nan)
    try:
        entries = claim_at(rule, subject, case).entries
    except Violation as violation:
        try:
            raw = rule.call((), subject.names)
        except Exception:
            raw = None
        unit = np.ones(m)
        return [(unit, Answer(None, str(violation), raw))]
    assert isinstance(entries, Entries)
    block = entries.values
    if entries.mask is not None:
        block = np.where(entries.mask, block, np.nan)
    claimed[np.ix_(entries.rows, entries.columns)] = block
    if np.all(np.isfinite(claimed)):
        us = [magnitudes(rng, m) for _ in range(_COTANGENTS)] if m > 1 else [np.ones(1)]
    else:
        said = np.flatnonzero(np.isfinite(claimed).any(axis=1))
        us = list(np.eye(m)[said[:_MOST_ROWS]])
    answers = []
    for u in us:
        active = u != 0
        flat = u[active] @ claimed[active]
        parts = [flat[leaf.slice].reshape(leaf.shape) for leaf in subject.inputs.leaves]
        answers.append((u, Answer(parts)))
    return answers


def reask(
    sample: Sample, answers: Sequence[tuple[Vector, Answer]]
) -> Iterator[tuple[Vector, Answer]]:
    """What the rule of ``sample`` answers to the questions that were asked before."""
    if sample.rule.kind in ("vjp", "jvp"):
        for u, _ in answers:
            yield u, sample.ask(u)
    else:
        rng = sample.case.rng("diagnosis again")
        with _put_back(sample.subject):
            found = _entry_answers(sample.rule, sample.subject, sample.case, rng)
        for u, answer in found:
            yield u, sample.inside(answer)


@contextlib.contextmanager
def _put_back(subject: Subject) -> Iterator[None]:
    """After it the arrays that a rule is given are as before: a neighbour may write into them."""
    given = [part for value in subject.names.values() for part in _arrays(value)]
    kept = [part.copy() for part in given]
    try:
        yield
    finally:
        for part, before in zip(given, kept, strict=True):
            if part.flags.writeable:
                part[...] = before


def _arrays(value: Any) -> list[NDArray[Any]]:
    parts = value if isinstance(value, list) else [value]
    return [part for part in parts if isinstance(part, np.ndarray)]


def _ask(
    rule: Rule,
    subject: Subject,
    inputs: Layout,
    outputs: Layout,
    u: Vector,
    substitutes: Mapping[str, Any],
) -> Answer:
    """The raw answer to one cotangent or tangent, taken apart as far as that is possible."""
    names = {name: copy_of(value) for name, value in {**subject.names, **substitutes}.items()}
    leading = list(outputs.restore(u.astype(np.float64).copy()).values())
    with np.errstate(all="ignore"):
        try:
            raw = rule.call(leading, names)
        except Exception as error:
            return Answer(None, f"{type(error).__name__}: {error}")
    parts: Any = raw
    count = len(inputs.names)
    if not isinstance(raw, tuple) and (not isinstance(raw, list) or count == 1):
        parts = [raw]
    every = list(rule.derivation.arguments)
    if len(parts) == len(every) != count and rule.kind == "vjp":
        parts = [part for name, part in zip(every, parts, strict=True) if name in inputs.names]
    if len(parts) != count:
        return Answer(None, "count", raw)
    by_name = dict(zip(inputs.names, parts, strict=True))
    found = []
    for leaf in inputs.leaves:
        part = by_name[leaf.name]
        if leaf.part is not None:
            if not isinstance(part, list | tuple) or len(part) <= leaf.part:
                return Answer(None, "count", raw)
            part = part[leaf.part]
        if part is None:
            return Answer(None, "none", raw)
        try:
            array = np.array(part)
        except (ValueError, TypeError):
            return Answer(None, "ragged", raw)
        if array.dtype.kind not in "fiub":
            return Answer(None, "no real numbers", raw)
        found.append(array)
    return Answer(found, raw=raw)
