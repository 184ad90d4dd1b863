"""One mutant on trial: whether it differs from the original, and whether the check sees it.

The comparison with the original comes first. It needs no finite differences, so it is cheap and
sharp: what agrees with the original to rounding at every input is equivalent, and anything else
has to be found by the property, which knows nothing of the original.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.case import Case
from gradcheck.checking import Profile, TimeUp, check_claim, limited
from gradcheck.claims import Derivation, Identity, Options, Rule
from gradcheck.dims import Bindings, explain
from gradcheck.errors import GradcheckError
from gradcheck.evaluation import SetAside, Subject, Violation, claim_at, copy_of, same
from gradcheck.identities import judge_identity
from gradcheck.mutation.mutants import Mutant, with_function
from gradcheck.oracle import rounding
from gradcheck.oracle.directions import magnitudes
from gradcheck.oracle.layout import Vector
from gradcheck.regimes import REGIMES
from gradcheck.sampling import Draft, Sampler
from gradcheck.verdict import Measured, Status, Verdict
from gradcheck.verification import judge_drawn

Floats = NDArray[np.float64]

#: Drafts beside those that are always tried, each with a point of every regime: as many as the
#: property draws, and then more, of larger sizes.
_DRAFTS = 11
_MORE_DRAFTS = 22
_STRETCH = 2
#: The answers agree within so many times what rounding was seen to do to them, and within a few
#: units in the last place.
_MARGIN = 8.0
_RUNS = 6
_UNITS = 2.0**-50
#: How many of the inputs at which a survivor differs are judged, those first that differ most.
_JUDGED = 12
_ENOUGH = 42
#: Inputs at which a mutant that agrees with the original is held to its contracts.
_CONTRACT_INPUTS = 14


@dataclass(frozen=True)
class Fate:
    """What became of a mutant: ``"killed"``, ``"survived"`` or ``"equivalent"``, and how."""

    outcome: str
    #: The headline of the failure that killed it, or what is known about it.
    how: str
    #: Inputs at which it was compared with the original.
    compared: int = 0


@dataclass(frozen=True)
class _Point:
    regime: str
    bindings: Bindings
    case: Case

    def __str__(self) -> str:
        sizes = explain(self.bindings)
        return f"{self.regime!r} inputs" + (f" with {sizes}" if sizes else "")


def try_mutant(claim: Rule | Identity, mutant: Mutant, profile: Profile, limit: float) -> Fate:
    """The fate of a mutant of ``claim`` under the property of ``profile``, within the time limit.

    A mutant that raises, breaks a contract, does not end or cannot be decided is killed, since the
    check does not pass it.
    """
    changed = mutant.claim
    try:
        with limited(limit):
            comparison = _Comparison(claim, mutant)
            points = _points(Sampler(claim))
            if comparison.first(points) is None:
                return _equivalent(comparison, profile, limit)
    except TimeUp:
        return Fate("killed", "does not end")
    outcome = check_claim(changed, profile, time_limit=limit, simplify=False)
    if outcome.record.status == str(Status.FAIL):
        return Fate("killed", outcome.record.title or "fails")
    if outcome.record.status == str(Status.UNDECIDED):
        return Fate("killed", "undecided")
    try:
        with limited(limit):
            comparison.rest(points)
            return _survivor(comparison)
    except TimeUp:
        return Fate("survived", "what it does elsewhere takes too long", comparison.compared)


def _equivalent(comparison: _Comparison, profile: Profile, limit: float) -> Fate:
    """What agrees everywhere, unless it breaks a contract."""
    few = Profile(profile.name, _CONTRACT_INPUTS, derandomized=True, database=False)
    record = check_claim(comparison.mutant.claim, few, time_limit=limit, simplify=False).record
    if record.status == str(Status.FAIL):
        return Fate("killed", record.title or "fails")
    return Fate(
        "equivalent",
        f"agrees with the original to rounding at {comparison.compared} inputs",
        comparison.compared,
    )


def _survivor(comparison: _Comparison) -> Fate:
    """What the inputs are at which a survivor can be seen, as far as some can be found."""
    found = sorted(comparison.differences, key=lambda pair: pair[0], reverse=True)
    difference, worst = found[0]
    text = f"{_told(difference)} at {worst}"
    for k, (off, point) in enumerate(found[:_JUDGED]):
        verdict = _verdict(comparison.mutant.claim, point)
        if verdict is not None and verdict.status is Status.FAIL:
            text = f"{point} show it: there it {_told(off)}"
            break
        if k == 0:
            text += f"; {_unseen(verdict, off)}"
    return Fate("survived", text, comparison.compared)


def _unseen(verdict: Verdict | None, difference: float) -> str:
    """Why a difference is not seen at a point."""
    if verdict is None or verdict.status is Status.UNDECIDED:
        return "the check cannot decide there" + (f": {verdict.reason}" if verdict else "")
    if difference <= verdict.resolution:
        return f"the check resolves {verdict.resolution:.0e} there"
    return "both pass there; if it is a kink, options(at_kink=…) says which slope is right"


def _told(difference: float) -> str:
    if difference == np.inf:
        return "raises or has no usable answer"
    return f"differs from the original by {difference:.0e} of its size"


def _verdict(claim: Rule | Identity, point: _Point) -> Verdict | None:
    try:
        return judge_drawn(claim, point.case, point.case.inputs, point.bindings, contracts=True)
    except GradcheckError:
        return None


def _points(sampler: Sampler) -> Iterator[_Point]:
    """Inputs like those that the property draws, and then larger ones."""
    rng = np.random.default_rng(0)
    sizes = itertools.chain(
        sampler.always(),
        (sampler.random_sizes(rng) for _ in range(_DRAFTS)),
        (sampler.random_sizes(rng, _STRETCH) for _ in range(_MORE_DRAFTS)),
    )
    for bindings in sizes:
        if bindings is None:
            continue
        edits = tuple((int(a), int(b)) for a, b in rng.integers(0, 2**16, (2, 2)))
        draft = Draft(bindings, int(rng.integers(2**32)), edits)
        for regime, case in zip(REGIMES, sampler.points(draft), strict=True):
            yield _Point(regime, bindings, case)


class _Comparison:
    """A mutant beside the original at one input after the other."""

    def __init__(self, original: Rule | Identity, mutant: Mutant) -> None:
        self.original, self.mutant = original, mutant
        self.compared = 0
        self.differences: list[tuple[float, _Point]] = []

    def first(self, points: Iterator[_Point]) -> float | None:
        """The relative difference at the first point that has one; None where none has."""
        for point in points:
            difference = self._at(point)
            self.compared += 1
            if difference is not None:
                self.differences.append((difference, point))
                return difference
        return None

    def rest(self, points: Iterator[_Point]) -> None:
        """The other points, until enough are found that differ."""
        while self.first(points) is not None and len(self.differences) < _ENOUGH:
            pass

    def _at(self, point: _Point) -> float | None:
        with np.errstate(all="ignore"):
            if isinstance(self.original, Identity):
                return self._of_expression(self.original, point)
            return self._of_rule(self.original, point)

    def _of_rule(self, original: Rule, point: _Point) -> float | None:
        changed = self.mutant.claim
        assert isinstance(changed, Rule)
        try:
            right = _answer(original, point)
        except (SetAside, Violation):
            return None
        try:
            wrong = _answer(changed, point)
        except (SetAside, Violation):
            return np.inf
        if wrong.shape != right.shape:
            return np.inf
        off = np.abs(wrong - right)
        size = np.maximum(np.abs(wrong), np.abs(right))
        outside = off > _UNITS * size
        if not outside.any():
            return None
        scatter = np.zeros(right.shape)
        for rule, answer in ((original, right), (changed, wrong)):
            compute = functools.partial(_answer, rule, point)
            try:
                scatter += rounding.scatter(compute, answer, point.case.seed, _RUNS)
            except (SetAside, Violation):
                continue
        outside = off > _MARGIN * scatter + _UNITS * size
        if not outside.any():
            return None
        return float(np.max(off[outside]) / np.max(size))

    def _of_expression(self, original: Identity, point: _Point) -> float | None:
        k = self.mutant.expression
        values = point.case.inputs
        try:
            right = _side(original, values, k)
        except Exception:
            return None
        try:
            wrong = _side(self.mutant.claim, values, k)
        except Exception:
            return np.inf
        if not np.all(np.isfinite(right)):
            return None
        try:
            # As in a chain, where a number may stand for an array of it.
            wrong, right = np.broadcast_arrays(wrong, right)
        except ValueError:
            return np.inf
        if not np.all(np.isfinite(wrong)):
            return np.inf
        if same(wrong, right):
            return None

        def both(**inputs: Any) -> tuple[Any, Any]:
            given = {name: copy_of(value) for name, value in inputs.items()}
            return original.function(**given)[k], self.mutant.claim.function(**inputs)[k]

        pair = with_function(original, both)
        assert isinstance(pair, Identity)
        verdict = judge_identity(pair, values, point.bindings, point.case, contracts=False)
        if verdict or verdict.cause not in ("identity", "contract", "measurement"):
            return None
        size = max(float(np.max(np.abs(right))), float(np.max(np.abs(wrong))))
        return float(np.max(np.abs(wrong - right)) / size) if size else 0.0


def _answer(rule: Rule, point: _Point, wrap: Callable[[Any], Any] | None = None) -> Floats:
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
    inside = subject.point.tangent or (lambda v: v)
    # Jitter moves every answer anew.
    ask = _once if wrap is not None else _twice
    # Compared along the directions that stay in the domain, as the check does.
    if claim.pull is not None:
        u = magnitudes(rng, subject.y.size)
        answer = inside(ask(claim.pull, u))
    elif claim.push is not None:
        answer = ask(claim.push, inside(magnitudes(rng, subject.x.size)))
    else:
        entries = claim.entries
        assert entries is not None
        answer = entries.values.reshape(-1)
    subject.require_unchanged(f"{rule.name} changes its input")
    return np.asarray(answer, dtype=np.float64)


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


def _side(identity: Rule | Identity, values: Any, k: int) -> Floats:
    side = identity.function(**{name: copy_of(value) for name, value in values.items()})[k]
    value = side.value if isinstance(side, Measured) else side
    return np.asarray(value, dtype=np.float64)
