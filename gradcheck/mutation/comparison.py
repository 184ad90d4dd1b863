"""A mutant beside the original: where the two differ by more than rounding.

This needs no finite differences, so it is cheap and sharp. It decides what is equivalent, never
what is killed: that has to be done by the check, which knows nothing of the original.
"""

from __future__ import annotations

import functools
import itertools
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.answers import copy_of, same
from gradcheck.case import Case
from gradcheck.claims import Derivation, Identity, Options, Rule
from gradcheck.dims import Bindings, explain
from gradcheck.evaluation import claim_at
from gradcheck.identities import judge_identity
from gradcheck.mutation.mutants import Mutant, with_function
from gradcheck.oracle import rounding
from gradcheck.oracle.directions import magnitudes
from gradcheck.oracle.layout import Vector
from gradcheck.regimes import REGIMES
from gradcheck.returned import SetAside, Violation
from gradcheck.sampling import Draft, Sampler
from gradcheck.subject import Subject
from gradcheck.verdict import Measured, Status

Floats = NDArray[np.float64]

#: Drafts beside those that are always tried, each with a point of every regime: as many as the
#: property draws, and then more, of larger sizes.
_DRAFTS = 11
_MORE_DRAFTS = 22
_STRETCH = 2
#: The answers agree within so many times what rounding was seen to do to them, within a few units
#: in the last place, and below the numbers that have all their digits.
_MARGIN = 8.0
_RUNS = 6
_UNITS = 2.0**-50
_LEAST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Point:
    """Inputs of a claim, and how they were drawn."""

    regime: str
    draft: Draft
    case: Case
    #: Whether it is one of those that the property tries first, always the same.
    first: bool

    @property
    def bindings(self) -> Bindings:
        """The sizes."""
        return self.draft.bindings

    def __str__(self) -> str:
        sizes = explain(self.bindings)
        return f"{self.regime!r} inputs" + (f" with {sizes}" if sizes else "")


class Original:
    """A claim and what it answers at one point after the other, remembered for all its mutants."""

    def __init__(self, claim: Rule | Identity) -> None:
        self.claim = claim
        self._coming: Iterator[Point] = self._points()
        self._known: list[tuple[Point, Any]] = []

    def answers(self) -> Iterator[tuple[Point, Any]]:
        """Every point, with the answer there: None where it has none that can be used."""
        for k in itertools.count():
            if k == len(self._known) and not self._one_more():
                return
            yield self._known[k]

    def _points(self) -> Iterator[Point]:
        # The seed with which the property draws what it tries first.
        return points(Sampler(self.claim), zlib.crc32(self.claim.id.encode()))

    def _one_more(self) -> bool:
        try:
            point = next(self._coming, None)
            if point is None:
                return False
            with np.errstate(all="ignore"):
                self._known.append((point, self._answer(point)))
        except BaseException:
            # Cut off by the time limit: what was being made is made again for the next mutant.
            self._coming = itertools.islice(self._points(), len(self._known), None)
            raise
        return True

    def _answer(self, point: Point) -> Any:
        try:
            if isinstance(self.claim, Identity):
                return sides_of(self.claim, point)
            return answer_of(self.claim, point)
        except Exception:
            return None


class Comparison:
    """A mutant beside the original at one point after the other."""

    def __init__(self, original: Original, mutant: Mutant) -> None:
        self.original, self.mutant = original.claim, mutant
        self.compared = 0
        self.differences: list[tuple[float, Point]] = []
        #: Inputs at which the changed expression of a chain has no value.
        self._silent: list[Point] = []
        self._original, self._answers = original, original.answers()

    def differs(self) -> bool:
        """Whether the two differ at one of the points that are left; ends at the first."""
        try:
            return self._differs()
        except BaseException:
            # Cut off by the time limit, and the generator with it: the next points are compared.
            self._answers = itertools.islice(self._original.answers(), self.compared, None)
            raise

    def _differs(self) -> bool:
        for point, right in self._answers:
            self.compared += 1
            if right is None:
                continue
            with np.errstate(all="ignore"):
                if isinstance(self.original, Identity):
                    difference = self._of_expression(self.original, point, right)
                else:
                    difference = self._of_rule(self.original, point, right)
            if difference is not None:
                self.differences.append((difference, point))
                return True
        if len(self._silent) > self.compared / 2:  # a chain that is silent at most is undecided
            self.differences.append((np.inf, self._silent.pop()))
            return True
        return False

    def _of_rule(self, original: Rule, point: Point, right: Floats) -> float | None:
        """The difference relative to the size of the answers; None where there is rounding alone.

        Infinite where the mutant has no answer that can be used.
        """
        changed = self.mutant.claim
        assert isinstance(changed, Rule)
        try:
            wrong = answer_of(changed, point)
        except (SetAside, Violation):
            return np.inf
        if wrong.shape != right.shape:
            return np.inf
        off = np.abs(wrong - right)
        size = np.maximum(np.abs(wrong), np.abs(right))
        if not (off > _UNITS * size + _LEAST).any():
            return None
        scatter = np.zeros(right.shape)
        for rule, answer in ((original, right), (changed, wrong)):
            compute = functools.partial(answer_of, rule, point)
            try:
                scatter += rounding.scatter(compute, answer, point.case.seed, _RUNS)
            except (SetAside, Violation):
                continue
        outside = off > _MARGIN * scatter + _UNITS * size + _LEAST
        if outside.any():
            # What is left along the directions of a domain may be small beside what cancels.
            whole = float(np.max(np.abs(answer_of(original, point, inside_alone=False))))
            outside &= off > _MARGIN * scatter + _UNITS * whole
        if not outside.any():
            return None
        return float(np.max(off[outside]) / np.max(size))

    def _of_expression(self, original: Identity, point: Point, sides: list[Floats]) -> float | None:
        """The same for the changed expression of a chain."""
        k, changed = self.mutant.expression, self.mutant.claim
        assert isinstance(changed, Identity)
        values = point.case.inputs
        try:
            # As in a chain, where a number may stand for an array of it.
            wrong, right = np.broadcast_arrays(sides_of(changed, point)[k], sides[k])
        except Exception:
            return np.inf
        if not np.all(np.isfinite(right)):
            return None
        if not np.all(np.isfinite(wrong)):
            # The chain states nothing where it has no value: 0 / x is 0 wherever it is anything.
            self._silent.append(point)
            return None
        if same(wrong, right):
            return None

        verdict = judge_identity(changed, values, point.bindings, point.case, contracts=False)
        if verdict:
            # Both are equal to the rest of the chain: between them there is rounding alone.
            return None
        if verdict.status is not Status.FAIL:

            def both(**inputs: Any) -> tuple[Any, Any]:
                given = {name: copy_of(value) for name, value in inputs.items()}
                return original.function(**given)[k], changed.function(**inputs)[k]

            pair = with_function(original, both)
            assert isinstance(pair, Identity)
            verdict = judge_identity(pair, values, point.bindings, point.case, contracts=False)
            if verdict or verdict.cause not in ("identity", "contract", "measurement"):
                return None
        size = float(np.maximum(np.max(np.abs(right)), np.max(np.abs(wrong))))
        return float(np.max(np.abs(wrong - right))) / size if size else 0.0


def points(sampler: Sampler, seed: int = 0) -> Iterator[Point]:
    """Those that the property tries first, others like those that it draws, and larger ones."""
    rng = np.random.default_rng(seed)
    first = list(sampler.first_drafts(rng))
    sizes = itertools.chain(
        (sampler.sizes.random(rng) for _ in range(_DRAFTS)),
        (sampler.sizes.random(rng, _STRETCH) for _ in range(_MORE_DRAFTS)),
    )
    drafts: Iterator[Draft] = (
        Draft(
            bindings,
            int(rng.integers(2**32)),
            tuple((int(a), int(b)) for a, b in rng.integers(0, 2**16, (2, 2))),
        )
        for bindings in sizes
        if bindings is not None
    )
    if sampler.strategies:  # which Hypothesis alone can draw from
        drafts = iter(sampler.some_drafts(_DRAFTS + _MORE_DRAFTS))
    for k, draft in enumerate(itertools.chain(first, drafts)):
        for regime, case in zip(REGIMES, sampler.points(draft), strict=True):
            yield Point(regime, draft, case, k < len(first))


def answer_of(
    rule: Rule,
    point: Point,
    wrap: Callable[[Any], Any] | None = None,
    *,
    inside_alone: bool = True,
) -> Floats:
    """What a rule answers at a point, for one cotangent or tangent, as one flat array.

    Raises ``SetAside`` or ``Violation`` where it cannot be used.
    """
    case = point.case
    values = {name: copy_of(value) for name, value in case.inputs.items()}
    subject = Subject(rule.derivation, values, point.bindings, rule.wrt)
    if rule.kind == "hessian":
        subject = _gradient_of(subject, rule, values, point.bindings)
    claim = claim_at(rule, subject, case, wrap)
    rng = case.rng("mutation")
    inside: Callable[[Vector], Vector] = subject.point.inside if inside_alone else _as_it_is
    along: Callable[[Vector], Vector] = subject.point.along if inside_alone else _as_it_is
    # Jitter moves every answer anew.
    ask = _once if wrap is not None else _twice
    # Compared along the directions that stay in the domain, as the check does.
    if claim.pull is not None:
        u = magnitudes(rng, subject.y.size)
        answer = along(ask(claim.pull, u))
    elif claim.push is not None:
        answer = ask(claim.push, inside(magnitudes(rng, subject.x.size)))
    else:
        entries = claim.entries
        assert entries is not None
        rows = entries.values
        whole = entries.mask is None and rows.ndim == 2 and rows.shape[1] == subject.x.size
        answer = np.array([along(row) for row in rows] if whole else rows).reshape(-1)
    subject.require_unchanged(f"{rule.name} changes its input")
    return np.asarray(answer, dtype=np.float64)


def _as_it_is(v: Vector) -> Vector:
    return v


def _once(ask: Callable[[Vector], Floats], given: Vector) -> Floats:
    return ask(given)


def _twice(ask: Callable[[Vector], Floats], given: Vector) -> Floats:
    """The answer, if it is the same when it is asked for again."""
    first, second = ask(given), ask(given)
    if not same(first, second):
        raise Violation("not repeatable", "the rule changes what it works with")
    return first


def _gradient_of(
    subject: Subject, rule: Rule, values: dict[str, Any], bindings: Bindings
) -> Subject:
    """A subject of the gradient's shape, for a Hessian to be the Jacobian of."""
    name = rule.wrt[0]

    def like_the_gradient(**inputs: Any) -> Any:
        return 0.0 * inputs[name]

    owner = Derivation.of(like_the_gradient, rule.derivation, Options(output=("gradient",)))
    gradient = Subject(owner, values, bindings, rule.wrt)
    gradient.extra = subject.answers
    return gradient


def sides_of(identity: Identity, point: Point) -> list[Floats]:
    """The expressions of a chain at a point, as plain arrays."""
    values = {name: copy_of(value) for name, value in point.case.inputs.items()}
    return [
        np.array(side.value if isinstance(side, Measured) else side, dtype=np.float64)
        for side in identity.function(**values)
    ]
