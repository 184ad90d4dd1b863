"""What a diagnosis looks at: the whole measured Jacobian at a few points, and what a rule answers.

Everything is gathered only after a failure, at small sizes, and within a time that is set.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.dims import Bindings
from gradcheck.evaluation import Entries, SetAside, Subject, Violation, claim_at, copy_of
from gradcheck.judging import judge
from gradcheck.judging.context import MARGIN
from gradcheck.judging.hessians import gradient_subject
from gradcheck.oracle.directions import magnitudes
from gradcheck.oracle.entry import coordinate_line, coordinate_reach, slopes
from gradcheck.oracle.ladder import DOUBLE, Line
from gradcheck.oracle.layout import Layout, Leaf, Vector

Floats = NDArray[np.floating[Any]]

#: Larger Jacobians are not measured whole: inputs, and entries.
_MOST_INPUTS = 240
_MOST_ENTRIES = 40_000
#: How many cotangents a point is asked about.
_COTANGENTS = 3
#: A claim of single entries is looked at for so many outputs.
_MOST_ROWS = 12
#: The measured values are moved by their error in so many random ways, to see how far what is made
#: of them moves; it is believed to so many times that.
_MOVES = 2
_MOVE_MARGIN = 4.0
#: What the rule itself may have rounded, relative to its largest entry.
_ROUNDED = 2.0**-36


class TooSlow(Exception):
    """The time that a diagnosis may take is over."""


class Clock:
    """The time that is left."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def check(self) -> None:
        """Raise ``TooSlow`` where none is left."""
        if time.monotonic() > self.end:
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
    error, of shape ``(m, n)``, NaN where a kink or a jump keeps it from being known.
    """

    rule: Rule
    case: Case
    bindings: Bindings
    subject: Subject
    inputs: Layout
    outputs: Layout
    versions: list[Floats]
    answers: list[tuple[Vector, Answer]] = field(default_factory=list)
    #: Whether it is the case that failed.
    failing: bool = False
    remembered: dict[Any, Any] = field(default_factory=dict)

    @functools.cached_property
    def names(self) -> dict[str, Any]:
        """Every named value: inputs and outputs."""
        return self.subject.names

    def ask(self, u: Vector, substitutes: Mapping[str, Any] | None = None) -> Answer:
        """What the rule answers for a cotangent, with other values for some names."""
        return _ask(self.rule, self.subject, self.inputs, self.outputs, u, substitutes or {})


@dataclass(frozen=True)
class Pair:
    """One gradient for one cotangent: what is claimed beside what is right."""

    sample: Sample
    number: int
    u: Vector
    answer: Answer
    version: int = 0

    @property
    def leaf(self) -> Leaf:
        """Which gradient it is."""
        return self.sample.inputs.leaves[self.number]

    @property
    def claimed(self) -> Any:
        """The claimed gradient as it came, or None."""
        return None if self.answer.parts is None else self.answer.parts[self.number]

    @property
    def jacobian(self) -> Floats:
        """The measured Jacobian of all outputs with respect to this input: ``(m, leaf size)``."""
        return self.sample.versions[self.version][:, self.leaf.slice]

    @property
    def right(self) -> Floats:
        """The right gradient, as measured."""
        key = (self.number, self.u.tobytes(), self.version)
        if key not in self.sample.remembered:
            self.sample.remembered[key] = self.pull(self.u)
        return self.sample.remembered[key]

    def pull(self, u: Vector, jacobian: Floats | None = None) -> Floats:
        """The right gradient for another cotangent, or that of a changed Jacobian."""
        matrix = self.jacobian if jacobian is None else jacobian
        u = np.asarray(u, dtype=np.float64).reshape(-1)
        active = u != 0  # an output without weight may be unknown
        return (u[active] @ matrix[active]).reshape(self.leaf.shape)

    def right_of(self, number: int) -> Floats:
        """The right gradient for another input."""
        return replace(self, number=number).right

    @property
    def G(self) -> Floats:
        """The cotangent as an array; that of several outputs stays flat."""
        leaves = self.sample.outputs.leaves
        return self.u.reshape(leaves[0].shape) if len(leaves) == 1 else self.u

    @property
    def x(self) -> Floats:
        """The value of the input."""
        value = self.sample.names[self.leaf.name]
        return np.asarray(value if self.leaf.part is None else value[self.leaf.part], float)

    @property
    def y(self) -> Floats:
        """The value of the output; flat where there are several."""
        leaves = self.sample.outputs.leaves
        flat = self.sample.outputs.flatten(self.sample.names)
        return flat.reshape(leaves[0].shape) if len(leaves) == 1 else flat

    @property
    def arrays(self) -> dict[str, Floats]:
        """The named real arrays and scalars that a rule could have used, outputs last."""
        found = {}
        for name, value in self.sample.names.items():
            if isinstance(value, np.ndarray | np.generic | int | float) and not isinstance(
                value, bool
            ):
                array = np.asarray(value)
                if array.dtype.kind in "fiu":
                    found[name] = array.astype(float)
        return found

    @property
    def is_elementwise(self) -> bool:
        """Whether every output depends on its own entry of this input alone."""
        matrix = self.sample.versions[0][:, self.leaf.slice]
        if matrix.shape[0] != matrix.shape[1] or matrix.shape[0] < 2:
            return False
        if self.G.shape != self.leaf.shape:
            return False
        off = matrix[~np.eye(len(matrix), dtype=bool)]
        errors = np.abs(self.sample.versions[1] - self.sample.versions[0])[:, self.leaf.slice]
        error = errors[~np.eye(len(matrix), dtype=bool)]
        return bool(np.all(np.abs(off) <= _MOVE_MARGIN * error + np.finfo(float).tiny))

    @property
    def slope(self) -> Floats:
        """The derivative of an elementwise function, of the shape of the input."""
        return np.diagonal(self.jacobian).reshape(self.leaf.shape).copy()

    def slope_at(self, x: Floats) -> Floats | None:
        """The derivative of an elementwise function elsewhere; None where it has no value."""
        subject = self.sample.subject
        if len(subject.inputs.leaves) != 1 or self.sample.rule.kind == "jvp":
            return None
        try:
            moved = subject.moved_to(np.asarray(x, float).reshape(-1).copy(), self.sample.bindings)
        except (SetAside, Violation):
            return None
        if np.any(moved.x != x.reshape(-1)):
            return None
        v = np.full(moved.point.n, 2.0**-3)  # a usual size; small beside 1
        found = slopes(Line(moved.point, v), DOUBLE, list(range(DOUBLE.count)), DOUBLE.epsilon)
        value = found.value / v
        error = np.where(found.kinked, np.nan, MARGIN * found.error / v)
        sign = (0.0, 1.0, -1.0)[self.version]
        return (value + sign * error + 0.0 * error).reshape(self.leaf.shape)

    def with_answer(self, answer: Answer) -> Pair:
        """The same question with another answer."""
        return replace(self, answer=answer)


Predict = Callable[[Pair], Any]


@dataclass
class View:
    """All that is known of one gradient: a pair for each point and cotangent."""

    name: str
    pairs: list[Pair]

    @functools.cached_property
    def wrong(self) -> bool:
        """Whether some number of it is measurably not the right one."""
        return not self.explains(lambda pair: pair.right)

    def explains(self, predict: Callable[..., Any], *given: Any, parameters: int = 0) -> bool:
        """Whether the claimed gradients are ``predict(pair, *given)``, at every point.

        ``parameters`` is how many numbers were fitted, which then prove nothing.
        """
        compared = 0
        for pair in self.pairs:
            found = matches(pair, lambda pair: predict(pair, *given))
            if found is None or not found.all():
                return False
            compared += found.size
        return compared > parameters

    @property
    def samples(self) -> list[list[Pair]]:
        """The pairs, point by point."""
        groups: dict[int, list[Pair]] = {}
        for pair in self.pairs:
            groups.setdefault(id(pair.sample), []).append(pair)
        return list(groups.values())


def matches(pair: Pair, predict: Predict) -> NDArray[np.bool_] | None:
    """Which comparable entries of a claimed gradient are as predicted; None for another shape.

    How far they may be apart is how far the prediction moves when the measured numbers are moved by
    their error.
    """
    found = _compared(pair, predict)
    if found is None:
        return None
    agree, known = found
    wrong = _wrong(pair)
    if wrong is not None and np.any(wrong & ~known):
        return None  # it says nothing about what is wrong
    matched: NDArray[np.bool_] = agree[known]
    return matched


def _wrong(pair: Pair) -> NDArray[np.bool_] | None:
    """Which entries are measurably wrong; None where the shape is."""
    key = ("wrong", pair.number, pair.u.tobytes(), id(pair.answer))
    if key not in pair.sample.remembered:
        found = _compared(pair, lambda pair: pair.right)
        # The answer is kept, so that its id stays its own.
        pair.sample.remembered[key] = None if found is None else found[1] & ~found[0], pair.answer
    wrong: NDArray[np.bool_] | None = pair.sample.remembered[key][0]
    return wrong


def _compared(pair: Pair, predict: Predict) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Which entries are as predicted, and which can be compared at all."""
    claimed = pair.claimed
    if claimed is None:
        return None
    claimed = np.asarray(claimed)
    if claimed.dtype.kind not in "fiub":
        return None
    with np.errstate(all="ignore"):
        first = _predicted(pair, predict, claimed.shape)
        if first is None:
            return None
        claimed = claimed.astype(float)
        known = np.isfinite(first) & np.isfinite(claimed)
        bound = np.full(first.shape, _ROUNDED * _largest(claimed[known], first[known]))
        off = np.abs(claimed - first)
        # Most predictions are far off, and need no bound.
        far = _FAR * _largest(claimed[known], first[known])
        if pair.sample.failing or not np.any(off[known] > far):
            for version in range(1, 1 + _MOVES):
                other = _predicted(replace(pair, version=version), predict, claimed.shape)
                if other is None:
                    return None
                moved = np.abs(other - first)
                known &= np.isfinite(moved)
                bound += _MOVE_MARGIN * np.where(np.isfinite(moved), moved, 0.0)
        return off <= bound, known


#: A prediction that is off by this share of the largest number is not looked at closer.
_FAR = 1e-2


def _predicted(pair: Pair, predict: Predict, shape: tuple[int, ...]) -> Floats | None:
    try:
        made = predict(pair)
    except (ValueError, IndexError, TypeError, np.linalg.LinAlgError, ZeroDivisionError):
        return None
    if made is None:
        return None
    made = np.asarray(made, dtype=float)
    return made if made.shape == shape else None


def _largest(*arrays: Floats) -> float:
    return max((float(np.abs(array).max()) for array in arrays if array.size), default=0.0)


class Evidence:
    """What is known of a failing rule: samples, and views of its gradients."""

    def __init__(
        self, rule: Rule, samples: Sequence[Sample], clock: Clock, more: Iterable[Case] = ()
    ) -> None:
        self.rule = rule
        #: Further cases, at which nothing was measured yet.
        self.more = more
        #: How cases were judged, by their number.
        self.outcomes: dict[int, Any] = {}
        self.samples = list(samples)
        self.clock = clock
        self.views: list[View] = []
        for name in self._names():
            pairs = [
                Pair(sample, number, u, answer)
                for sample in self.samples
                for number, leaf in enumerate(sample.inputs.leaves)
                if leaf.name == name
                for u, answer in sample.answers
            ]
            if pairs:
                self.views.append(View(name, pairs))

    def _names(self) -> list[str]:
        return list(dict.fromkeys(n for sample in self.samples for n in sample.inputs.names))


def gather(
    rule: Rule, failing: Case | None, fresh: Iterable[Case], clock: Clock, most: int
) -> Evidence:
    """The evidence at the failing case and at up to ``most`` fresh ones, as far as time allows."""
    samples: list[Sample] = []
    fresh = iter(fresh)
    for case, is_failing in _marked(failing, fresh):
        try:
            sample = sample_at(rule, case, clock)
        except TooSlow:
            if samples:
                break
            raise
        if sample is not None:
            sample.failing = is_failing
            samples.append(sample)
        if sum(not s.failing for s in samples) >= most:
            break
    return Evidence(rule, samples, clock, fresh)


def _marked(failing: Case | None, fresh: Iterable[Case]) -> Iterator[tuple[Case, bool]]:
    if failing is not None:
        yield failing, True
    for case in fresh:
        yield case, False


def sample_at(rule: Rule, case: Case, clock: Clock) -> Sample | None:
    """A rule at a case; None where the function has no value there or is too large."""
    values, bindings = rule.derivation.accept(case.inputs)
    with np.errstate(all="ignore"):
        try:
            if rule.kind == "hessian":
                subject = gradient_subject(rule, values, bindings, case, judge)
            else:
                subject = Subject(rule.derivation, values, bindings, rule.wrt)
        except (SetAside, Violation):
            return None
        n, m = subject.x.size, subject.y.size
        if subject.point.tangent is not None:
            return None  # a single input cannot move alone in a constrained domain
        if not 0 < n <= _MOST_INPUTS or not m > 0 or n * m > _MOST_ENTRIES:
            return None
        jacobian, error = _jacobian(subject, clock)
        rng = case.rng("diagnosis")
        versions = [jacobian + 0.0 * error]
        for _ in range(_MOVES):
            versions.append(jacobian + error * rng.choice([-1.0, 1.0], error.shape))
        swapped = rule.kind == "jvp"
        if swapped:
            versions = [version.T for version in versions]
        layouts = (
            (subject.outputs, subject.inputs) if swapped else (subject.inputs, subject.outputs)
        )
        sample = Sample(rule, case, bindings, subject, *layouts, versions)
        if rule.kind in ("vjp", "jvp"):
            for u in _cotangents(rng, sample):
                clock.check()
                sample.answers.append((u, sample.ask(u)))
        else:
            sample.answers = _entry_answers(rule, subject, case, rng)
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


def _jacobian(subject: Subject, clock: Clock) -> tuple[Floats, Floats]:
    """The whole Jacobian and its error bound, NaN where a kink keeps it from being known."""
    point = subject.point
    value, error = np.empty((point.m, point.n)), np.empty((point.m, point.n))
    levels = list(range(DOUBLE.count))
    for column in range(point.n):
        clock.check()
        found: tuple[Floats, Floats] | None = None
        for reach in dict.fromkeys(coordinate_reach(point, column)):
            line = coordinate_line(point, column, reach, DOUBLE)
            along = float(np.abs(line.v).max())
            if along == 0:
                continue
            one = slopes(line, DOUBLE, levels, _epsilon(subject))
            known = np.isfinite(one.error) & ~one.kinked
            these = np.where(known, MARGIN * one.error / along, np.inf), one.value / along
            if found is None:
                found = these
            else:
                better = these[0] < found[0]
                found = np.where(better, these[0], found[0]), np.where(better, these[1], found[1])
            if np.all(found[0] <= _GOOD * np.abs(found[1]).max(initial=0.0)):
                break
        if found is None:
            value[:, column] = error[:, column] = np.nan
            continue
        error[:, column] = np.where(np.isfinite(found[0]), found[0], np.nan)
        value[:, column] = found[1]
    return value, error


#: A column measured this well need not be measured along another scale.
_GOOD = 1e-8


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
        yield from _entry_answers(sample.rule, sample.subject, sample.case, rng)


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
