"""What is claimed beside what is right, at a few points, and what explains the claim."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.diagnosis.samples import (
    MOVES,
    Answer,
    Clock,
    Floats,
    Sample,
    TooSlow,
    aligned,
    sample_at,
)
from gradcheck.judging.context import MARGIN
from gradcheck.oracle.entry import slopes
from gradcheck.oracle.ladder import DOUBLE, Line
from gradcheck.oracle.layout import Leaf, Vector
from gradcheck.returned import SetAside, Violation

#: A prediction is believed to so many times what it moves by when the measured values move.
MOVE_MARGIN = 4.0
#: What the rule itself may have rounded, relative to its largest entry.
_ROUNDED = 2.0**-36
#: A prediction that is off by this share of the largest number is not looked at closer.
_FAR = 1e-2


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
        versions = self.sample.versions
        return aligned(versions[0], versions[self.version], self.u)[:, self.leaf.slice]

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
        return bool(np.all(np.abs(off) <= MOVE_MARGIN * error + np.finfo(float).tiny))

    @property
    def slope(self) -> Floats:
        """The derivative of an elementwise function, of the shape of the input."""
        return np.diagonal(self.jacobian).reshape(self.leaf.shape).copy()

    def slope_at(self, x: Floats) -> Floats | None:
        """The derivative of an elementwise function elsewhere in its domain.

        None where it has no value.
        """
        subject = self.sample.subject
        if len(subject.inputs.leaves) != 1 or self.sample.rule.kind == "jvp":
            return None
        if not subject.point.holds(x.reshape(-1)):
            return None
        try:
            moved = subject.moved_to(np.asarray(x, float).reshape(-1).copy(), self.sample.bindings)
        except (SetAside, Violation):
            return None
        if np.any(moved.x != x.reshape(-1)):
            return None
        v = np.full(moved.point.n, 2.0**-3)  # a usual size; small beside 1
        reach = moved.point.reach()
        if reach is not None:
            v = np.minimum(v, reach / DOUBLE.step(0))
        found = slopes(Line(moved.point, v), DOUBLE, list(range(DOUBLE.count)), DOUBLE.epsilon)
        with np.errstate(all="ignore"):  # an input at a bound moves to no side
            value = found.value / v
            error = np.where(found.kinked, np.nan, MARGIN * found.error / v)
        sign = (0.0, 1.0, -1.0)[self.version]
        return (value + sign * error + 0.0 * error).reshape(self.leaf.shape)

    def with_answer(self, answer: Answer) -> Pair:
        """The same question with another answer."""
        return replace(self, answer=answer)


Predict = Callable[[Pair], Any]
#: So many points besides the failing one have to show what is not asked of that.
_ENOUGH = 2
#: What explains at least this share of what is wrong may be guessed.
GUESS = 0.9
#: Evidence is gathered for this share of the time. Of a slow function it is that of the smallest
#: among so many cases.
_GATHERING = 0.5
_CHOICE = 8
#: Fewer wrong numbers are explained by anything.
_FEWEST = 8


@dataclass
class View:
    """All that is known of one gradient: a pair for each point and cotangent."""

    name: str
    pairs: list[Pair]

    @functools.cached_property
    def wrong(self) -> bool:
        """Whether some number of it is measurably not the right one, or none is known."""
        if self.explains(lambda pair: pair.right):
            return False
        return any(map(_is_wrong, self.pairs)) or not any(map(_is_known, self.pairs))

    def explains(self, predict: Callable[..., Any], *given: Any, parameters: int = 0) -> bool:
        """Whether the claimed gradients are ``predict(pair, *given)``, at every point.

        ``parameters`` is how many numbers were fitted, which then prove nothing.
        """
        compared = 0
        for pair in self.pairs:
            found = matches(pair, lambda pair: predict(pair, *given))
            if found is None and _both_raise(pair, lambda pair: predict(pair, *given)):
                continue
            if found is None or not found.all():
                return False
            compared += found.size
        return compared > parameters

    @property
    def shows_usual(self) -> bool:
        """Whether it is wrong at a point beside the failing one, if there is one.

        At a single small point a few zeros have many explanations.
        """
        usual = [pair for pair in self.pairs if not pair.sample.failing]
        return not usual or any(map(_is_wrong, usual))

    @property
    def samples(self) -> list[list[Pair]]:
        """The pairs, point by point."""
        groups: dict[int, list[Pair]] = {}
        for pair in self.pairs:
            groups.setdefault(id(pair.sample), []).append(pair)
        return list(groups.values())


class Usual(View):
    """A view without the failing point, at which a prediction may be silent, but not wrong.

    That point is as small as can be: of one class there is no softmax, of one window no stride, and
    of one entry any number is some multiple.
    """

    def __init__(self, whole: View) -> None:
        super().__init__(whole.name, [pair for pair in whole.pairs if not pair.sample.failing])
        self.failing = [pair for pair in whole.pairs if pair.sample.failing]

    @property
    def tells(self) -> bool:
        """Whether there was such a point, and enough of the others are wrong as well."""
        wrong = [any(map(_is_wrong, pairs)) for pairs in self.samples]
        return bool(self.failing) and sum(wrong) >= _ENOUGH

    def explains(self, predict: Callable[..., Any], *given: Any, parameters: int = 0) -> bool:
        """Whether the claimed gradients are as predicted, and none at the failing point is not."""
        if not super().explains(predict, *given, parameters=parameters):
            return False
        found = [matches(pair, lambda pair: predict(pair, *given)) for pair in self.failing]
        return all(one is None or bool(one.all()) for one in found)


class Guess(View):
    """A view to which most is enough: ``share`` is what the prediction found last explains.

    The share is counted over the numbers that are measurably wrong or that are predicted to be
    other than they are claimed, of all points together: those that are as predicted, to within the
    measured bound, of all of them. It is a count of exact hits, not a sum of squares: a prediction
    that comes near everywhere explains nothing, since a wrong formula often does. At each point
    but the failing one, which is as small as can be, some number has to be explained; and nothing
    may be fitted.
    """

    share = 0.0

    def explains(self, predict: Callable[..., Any], *given: Any, parameters: int = 0) -> bool:
        """Whether most of what is wrong is ``predict(pair, *given)``."""
        if parameters:
            return False
        hits = total = 0
        for pair in self.pairs:
            wrong = _wrong(pair)
            found = _compared(pair, lambda pair: predict(pair, *given))
            if wrong is None or found is None:
                return False
            agree, known, bound = found
            if not _tells(pair, wrong, bound):
                return False
            relevant = known & (wrong | ~agree)
            here = int(np.count_nonzero(relevant & agree))
            if np.any(wrong) and not here and not pair.sample.failing:
                return False
            hits += here
            total += int(np.count_nonzero(relevant)) + int(np.count_nonzero(wrong & ~known))
        if total < _FEWEST or hits < GUESS * total:
            return False
        self.share = hits / total
        return True


def matches(pair: Pair, predict: Predict) -> NDArray[np.bool_] | None:
    """Which comparable entries of a claimed gradient are as predicted; None for another shape.

    How far they may be apart is how far the prediction moves when the measured numbers are moved by
    their error.
    """
    found = _compared(pair, predict)
    if found is None:
        return None
    agree, known, bound = found
    wrong = _wrong(pair)
    if wrong is not None and np.any(wrong & ~known):
        return None  # it says nothing about what is wrong
    matched: NDArray[np.bool_] = agree[known]
    return matched if _tells(pair, wrong, bound) else matched[~matched]


def _tells(pair: Pair, wrong: NDArray[np.bool_] | None, bound: Floats) -> bool:
    """Whether a prediction with this ``bound`` can be told from nothing where a claim is wrong.

    What is claimed there has to be larger, or anything that is about 0 would explain it; or is 0
    itself, up to what the rule may have rounded.
    """
    if wrong is None or not np.any(wrong):
        return True
    claimed = _largest(np.asarray(pair.claimed, float)[wrong])
    return claimed > bound[wrong].max() or claimed <= _ROUNDED * _largest(pair.right[wrong])


def is_far(pair: Pair) -> bool:
    """Whether a claim is further from what is right than any error of that explains."""
    claimed = _claimed(pair)
    if claimed is None or claimed.shape != pair.leaf.shape:
        return True
    known = np.isfinite(pair.right) & np.isfinite(claimed)
    largest = max(_largest(claimed, known), _largest(pair.right, known))
    return _largest(claimed - pair.right, known) > max(_uncertain(pair), _FAR * largest)


def _uncertain(pair: Pair) -> float:
    """How far a prediction moves at most where the measured numbers are moved by their error."""
    return MOVE_MARGIN * MOVES * pair.sample.noise * float(np.abs(pair.u).sum())


def _both_raise(pair: Pair, predict: Predict) -> bool:
    """Whether neither the rule nor what it is taken for can be computed at these sizes."""
    if not pair.answer.problem.startswith(ValueError.__name__):
        return False
    try:
        predict(pair)
    except ValueError:
        return True
    return False


def _is_wrong(pair: Pair) -> bool:
    found = _wrong(pair)
    return found is None or bool(np.any(found))


def _is_known(pair: Pair) -> bool:
    """Whether some entry can be compared with what is measured."""
    found = _compared(pair, lambda pair: pair.right)
    return found is not None and bool(np.any(found[1]))


def _wrong(pair: Pair) -> NDArray[np.bool_] | None:
    """Which entries are measurably wrong; None where the shape is."""
    key = ("wrong", pair.number, pair.u.tobytes(), id(pair.answer))
    if key not in pair.sample.remembered:
        found = _apart(pair)
        if found is not None and np.any(found) and not is_far(pair):
            # By so little as rounding inside the function may move what is measured.
            again = _apart(replace(pair, sample=pair.sample.careful))
            found = None if again is None else found & again
        # The answer is kept, so that its id stays its own.
        pair.sample.remembered[key] = found, pair.answer
    wrong: NDArray[np.bool_] | None = pair.sample.remembered[key][0]
    return wrong


def _apart(pair: Pair) -> NDArray[np.bool_] | None:
    """Which entries are not what is measured; None where the shape is not that."""
    found = _compared(pair, lambda pair: pair.right)
    return None if found is None else found[1] & ~found[0]


def _compared(
    pair: Pair, predict: Predict
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Floats] | None:
    """Which entries are as predicted, which can be compared at all, and to what bound."""
    claimed = _claimed(pair)
    if claimed is None:
        return None
    with np.errstate(all="ignore"):
        first = _predicted(pair, predict, claimed.shape)
        if first is None:
            return None
        known = np.isfinite(first) & np.isfinite(claimed)
        off = np.abs(claimed - first)
        largest = max(_largest(claimed, known), _largest(first, known))
        bound = np.full(first.shape, _ROUNDED * largest)
        # Most predictions are far off, and need no bound.
        far = max(_uncertain(pair), _FAR * largest)
        if pair.sample.failing or not _largest(off, known) > far:
            for version in range(1, 1 + MOVES):
                other = _predicted(replace(pair, version=version), predict, claimed.shape)
                if other is None:
                    return None
                moved = np.abs(other - first)
                known &= np.isfinite(moved)
                if pair.sample.subject.point.tangent is not None:
                    # Errors of opposite sign would cancel where a projection mixes them.
                    moved = np.where(known, moved.max(initial=0.0, where=known), np.nan)
                bound += MOVE_MARGIN * np.where(np.isfinite(moved), moved, 0.0)
        return off <= bound, known, bound


def _claimed(pair: Pair) -> Floats | None:
    """The claimed gradient as real numbers, if it is an array of those."""
    claimed = pair.claimed
    if claimed is None or np.asarray(claimed).dtype.kind not in "fiub":
        return None
    return np.asarray(claimed, float)


def _predicted(pair: Pair, predict: Predict, shape: tuple[int, ...]) -> Floats | None:
    try:
        made = predict(pair)
    except (ValueError, IndexError, TypeError, np.linalg.LinAlgError, ZeroDivisionError):
        return None
    if made is None:
        return None
    made = np.asarray(pair.sample.along(pair.number, made), dtype=float)
    return made if made.shape == shape else None


def _largest(array: Floats, where: NDArray[np.bool_] | bool = True) -> float:
    """The largest magnitude, of those that are asked for."""
    return float(np.abs(array).max(initial=0.0, where=where))


class Evidence:
    """What is known of a failing rule: samples, and views of its gradients."""

    def __init__(
        self, rule: Rule, samples: Sequence[Sample], clock: Clock, more: Iterable[Case] = ()
    ) -> None:
        self.rule = rule
        #: Further cases, at which nothing was measured yet.
        self.more = more
        #: Cases of every regime, and where branches meet, at which a remedy has to be right.
        self.proving: Callable[[], Iterable[Case]] = tuple
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
    """The evidence at the failing case and at up to ``most`` fresh ones, as far as time allows.

    Half of the time is left to look at it. What only the failing case shows has too many names: it
    is as small as can be.
    """
    clock.share = _GATHERING
    failing_sample = None if failing is None else sample_at(rule, failing, clock)
    cases = iter(fresh)
    if clock.is_slow:
        cases = iter(sorted(itertools.islice(cases, _CHOICE), key=numbers_of))
    others: list[Sample] = []
    try:
        while len(others) < most and (case := next(cases, None)) is not None:
            if others and not clock.allows(numbers_of(case)):
                break
            if (sample := sample_at(rule, case, clock)) is not None:
                others.append(sample)
    except TooSlow:
        if not others:
            raise
    clock.share = 1.0
    if failing_sample is not None:
        failing_sample.failing = True
        others.insert(0, failing_sample)
    return Evidence(rule, others, clock, cases)


def numbers_of(case: Case) -> int:
    """How many numbers the inputs of a case have."""
    return sum(np.size(part) for value in case.inputs.values() for part in _parts(value))


def _parts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
