"""Claim × case → verdict: every judgement about right and wrong stands here.

A claim is compared with the function along two random lines. Agreement is its own evidence: chance
makes it about as likely as the size of the error that is sought, so a cheap estimate is enough to
pass. Disagreement is not: the estimate may be wrong, the point may be on a kink, the rule may round.
So before a claim fails, one entry of it is measured as well as it can be, and has to lie outside
its interval — there, and at a point right beside, since a rule that is wrong nowhere but at one
point may have met a kink that the function alone does not show.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.contracts import Nonlinear, linearity, repeatable_function
from gradcheck.dims import Bindings
from gradcheck.evaluation import Claim, SetAside, Subject, Violation, claim_at
from gradcheck.localization import Suspect, suspect_column, suspect_output
from gradcheck.oracle import rounding
from gradcheck.oracle.directions import Direction, draw_direction, finish, magnitudes, scales
from gradcheck.oracle.entry import (
    ROUNDING,
    Slopes,
    coordinate_line,
    coordinate_reach,
    elementwise_sides,
    is_elementwise,
    measure_along,
    project,
    slopes,
)
from gradcheck.oracle.ladder import DOUBLE, SINGLE, Ladder, Line, extrapolate
from gradcheck.oracle.layout import Vector
from gradcheck.verdict import Entry, Status, Verdict

Floats = NDArray[np.float64]

#: How small an error of one typical entry is sought, relative to it. Agreement to this passes.
SOUGHT = 2.0**-24
#: A pass that resolves less than this asks for a better estimate before it is believed.
FINE = 1e-6
#: A case that resolves less than this is undecided.
COARSEST = 1e-3
#: A claim fails outside this many error bounds, since a bound is itself an estimate.
MARGIN = 3.0
#: The rule's own rounding counts so many times the scatter that was seen in a few runs.
_SCATTER_MARGIN = 4.0
_SCATTER_RUNS = 8
#: The point right beside, in units of the scale of each input.
_BESIDE = 2.0**-20
#: Outputs that vary less than this share of the median get no more weight for it.
_WEIGHT_CAP = 0.05
#: At most so many entries are measured one by one, to be shown.
MOST_TABLE = 64
#: The slopes at a kink differ by the same at every step, up to this share.
_SAME_GAP = 0.1
#: What is smaller than this, of the largest or by itself, is left out rather than divided by.
_SMALLEST = 2.0**-512
#: An entry counts as typical within this factor of the median.
_TYPICAL = 2.0


@dataclass
class Evidence:
    """What the comparison of one claim with its function has shown so far."""

    resolution: float = np.inf
    overall: float = np.inf
    kinks: int = 0
    wrong: Entry | None = None
    table: tuple[Entry, ...] = ()
    probe: tuple[tuple[str, Any], ...] = ()
    title: str = ""
    undecided: str = ""
    claimed: list[float] = field(default_factory=list)
    measured: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)


def judge(
    rule: Rule,
    values: Mapping[str, Any],
    bindings: Bindings,
    case: Case,
    *,
    contracts: bool = True,
    table: bool = False,
) -> Verdict:
    """The verdict on ``rule`` at ``values``, which ``bindings`` fit; directions from the case.

    ``contracts=False`` leaves out the calls that only test for repeatability and linearity. With
    ``table``, a failure is shown with the entries around the wrong one, measured one by one.
    """
    subject: Subject | None = None
    claim: Claim | None = None
    with np.errstate(all="ignore"):
        try:
            subject, ladder = _subject(rule, values, bindings)
            if contracts:
                repeatable_function(subject)
            claim = claim_at(rule, subject, case.rng("entries"))
            judge_ = _Judge(rule, subject, claim, ladder, case, bindings)
            evidence = judge_.run(contracts)
            if table and evidence.wrong is not None:
                evidence.table = judge_.table()
            subject.require_unchanged(
                f"{rule.name} changes its input", rule.derivation.options.mutates
            )
            return _verdict(rule, subject, claim, evidence)
        except SetAside as aside:
            return Verdict(
                Status.UNDECIDED, rule.id, rule.kind, cause=aside.cause, reason=str(aside)
            )
        except Violation as violation:
            return Verdict(
                Status.FAIL,
                rule.id,
                rule.kind,
                cause="contract",
                title=violation.title,
                reason=str(violation),
                evaluations=subject.point.evaluations if subject else 1,
                calls=claim.calls if claim else 0,
            )


def _subject(rule: Rule, values: Mapping[str, Any], bindings: Bindings) -> tuple[Subject, Ladder]:
    """The function at the values, in float64 wherever it computes in it."""
    subject = Subject(rule.derivation, values, bindings, rule.wrt)
    if subject.dtype.itemsize >= np.dtype(np.float64).itemsize:
        return subject, DOUBLE
    single = all(np.asarray(values[name]).dtype == np.float32 for name in rule.wrt)
    if single:
        return Subject(rule.derivation, values, bindings, rule.wrt, np.float32), SINGLE
    return subject, replace(DOUBLE, epsilon=float(np.finfo(subject.dtype).eps) / 2)


def _verdict(rule: Rule, subject: Subject, claim: Claim, evidence: Evidence) -> Verdict:
    entries = claim.entries
    silent = entries is not None and (
        entries.values.size == 0 or (entries.mask is not None and not entries.mask.any())
    )
    status, cause, reason = Status.PASS, "", ""
    if evidence.wrong is not None:
        status = Status.FAIL
    elif silent or subject.x.size == 0 or subject.y.size == 0:
        status, cause, reason = Status.UNDECIDED, "silent", "the claim says nothing here"
    elif evidence.undecided:
        status, cause, reason = Status.UNDECIDED, "measurement", evidence.undecided
    elif evidence.resolution > COARSEST:
        status, cause = Status.UNDECIDED, "coarse"
        reason = (
            f"an error of one entry would have been seen only if larger than "
            f"{evidence.resolution:.0e} of it: the function's own noise is too large here"
        )
    return Verdict(
        status,
        rule.id,
        rule.kind,
        claimed=np.array(evidence.claimed),
        measured=np.array(evidence.measured),
        error=np.array(evidence.errors),
        resolution=evidence.resolution,
        resolution_overall=evidence.overall,
        worst=evidence.wrong,
        entries=evidence.table or ((evidence.wrong,) if evidence.wrong else ()),
        kinks=evidence.kinks,
        uncovered=entries.uncovered if entries else 0,
        evaluations=subject.point.evaluations,
        calls=claim.calls,
        cause=cause,
        title=evidence.title if status is Status.FAIL else "",
        reason=reason,
        notes=tuple(claim.notes),
        probe=evidence.probe,
    )


class _Judge:
    """One claim at one point."""

    def __init__(
        self,
        rule: Rule,
        subject: Subject,
        claim: Claim,
        ladder: Ladder,
        case: Case,
        bindings: Bindings,
        beside: bool = False,
    ) -> None:
        self.rule, self.subject, self.claim = rule, subject, claim
        self.point = subject.point
        self.ladder, self.case, self.bindings = ladder, case, bindings
        self.epsilon = ladder.epsilon
        self.beside = beside
        self.rng = case.rng("beside" if beside else "directions")
        self.evidence = Evidence()

    # ---- the course of a judgement ---------------------------------------------------------

    def run(self, contracts: bool) -> Evidence:
        if self.subject.x.size == 0 or self.subject.y.size == 0:
            return self.evidence
        weight = None
        if self.claim.pull is not None:
            weight = self.claim.pull(self._first_cotangent())
        if contracts and self._not_linear():
            return self.evidence
        kinked = np.zeros(self.point.m, bool)
        compare = self._compare_pulled if self.claim.pull else self._compare_columns
        lines = [(Line(self.point, d.v), d) for d in self._directions(weight)]
        for line, direction in lines:
            comparison = compare(line, direction)
            kinked |= comparison.kinked
            if comparison.suspects:
                self._settle(line, comparison.suspects)
                if self.evidence.wrong is not None:
                    return self.evidence
        if FINE < self.evidence.resolution < np.inf:
            for line, direction in lines:
                self._sharpen(line, direction)
        if kinked.any() or self.evidence.kinks:
            self._at_kinks(kinked)
        return self.evidence

    def _first_cotangent(self) -> Vector:
        size = np.abs(self.point.y)
        typical = float(np.median(size[size > 0])) if np.any(size > 0) else 1.0
        weights = 1.0 / np.maximum(size / max(typical, _SMALLEST), 1e-3)
        return magnitudes(self.rng, self.point.m) * weights

    def _not_linear(self) -> bool:
        """Whether the rule is shown not to be linear in its cotangent or tangent."""
        claim = self.claim
        if claim.pull is not None:
            seen = linearity(claim, claim.pull, self.point.m, self.rng)
            if seen is not None:
                self._settle_nonlinear(seen, "cotangent")
        elif claim.push is not None:
            seen = linearity(claim, claim.push, self.point.n, self.rng)
            if seen is not None:
                self._settle_nonlinear(seen, "tangent")
        return self.evidence.wrong is not None

    def _directions(self, weight: Vector | None) -> list[Direction]:
        entries = self.claim.entries
        if entries is not None and entries.mask is not None and not entries.mask.all():
            # A random direction would mix entries that are claimed with others that are not.
            columns = entries.columns[entries.mask.any(axis=0)]
            return [self._single(int(column)) for column in columns]
        support = None
        if entries is not None and entries.columns.size < self.point.n:
            support = np.zeros(self.point.n)
            support[entries.columns] = 1.0
        directions = []
        for scale in ("spread", "magnitude"):
            direction = draw_direction(self.point, self.rng, scale, self.ladder, weight)
            if support is not None:
                direction = Direction(direction.v * support, direction.scale * support)
            directions.append(direction)
        return directions

    def _single(self, column: int) -> Direction:
        reach = coordinate_reach(self.point, column)[int(self.rng.integers(2))]
        signs = np.zeros(self.point.n)
        signs[column] = 1.0
        return finish(self.point, np.full(self.point.n, reach), signs, self.ladder)

    # ---- comparison along a line -----------------------------------------------------------

    def _compare_pulled(self, line: Line, direction: Direction) -> _Comparison:
        """Compare ``(Jᵀu)·v`` with ``u·Dv``, for two cotangents along one line."""
        result = _Comparison(np.zeros(self.point.m, bool))
        tests: list[_Test] = []
        for number, (a, b) in enumerate(self.ladder.pairs):
            estimate = _Pair(line, self.ladder, a, b, self.epsilon)
            if number == 0:
                for u in self._cotangents(estimate):
                    with contextlib.suppress(_Overflow):
                        tests.append(self._test(u, line, direction))
            tests = [test for test in tests if not self._agrees(test, estimate)]
            if not tests:
                return result
            if number > 0:
                kinked = estimate.kinked(surely=number == 1) & ~result.kinked
                if kinked.any():
                    result.kinked |= kinked
                    if result.kinked.all():
                        return result
                    tests = [
                        self._test(np.where(kinked, 0.0, test.u), line, direction) for test in tests
                    ]
                    tests = [test for test in tests if not self._agrees(test, estimate)]
                    if not tests:
                        return result
        levels = list(range(self.ladder.count))
        for test in tests:
            if not self._within(test, slopes(line, self.ladder, levels, self.epsilon, test.u)):
                result.suspects.append(test)
        return result

    def _cotangents(self, pair: _Pair) -> list[Vector]:
        """Two random cotangents in which every output counts about as much as the others."""
        m = self.point.m
        if m == 1:
            return [np.ones(1)]
        size = np.where(np.isfinite(pair.value), np.abs(pair.value), 0.0)
        largest = float(size.max())
        if largest < _SMALLEST:
            return [magnitudes(self.rng, m), magnitudes(self.rng, m)]
        size = size / largest
        # An output that is all noise would drown the others if it were given their weight.
        noisy = np.where(np.isfinite(pair.floor), pair.floor, 0.0) / (SOUGHT * largest)
        nonzero = np.sort(size[size > 0])
        typical = float(nonzero[nonzero.size // 2])
        capped = 1.0 / np.maximum(size, _WEIGHT_CAP * max(typical, _SMALLEST))
        # The second lets outputs that hardly vary count in full, as far as they are not noise.
        full = np.where(size > 0, 1.0 / np.maximum(np.maximum(size, noisy), _SMALLEST), 0.0)
        return [
            magnitudes(self.rng, m) * capped / capped.max(),
            magnitudes(self.rng, m) * full / full.max(),
        ]

    def _test(self, u: Vector, line: Line, direction: Direction) -> _Test:
        assert self.claim.pull is not None
        try:
            g = self.claim.pull(u)
        except Violation as violation:
            if violation.title != "numerically unstable":
                raise
            # With a cotangent of usual size it has to be finite; this one was made to measure.
            self.claim.pull(magnitudes(self.rng, self.point.m))
            raise _Overflow from None
        terms = g * line.v
        return _Test(
            u=u,
            claimed=float(terms.sum()),
            share=_typical_share(g, direction.scale, self.subject),
            norm=float(np.sqrt(terms @ terms)),
        )

    def _agrees(self, test: _Test, pair: _Pair) -> bool:
        """The cheap pass: agreement to the error that is sought, or to the function's rounding."""
        measured, gap, floor = pair.projected(test.u)
        limit = max(SOUGHT * test.share, floor + 8 * self.epsilon * test.norm)
        if not abs(test.claimed - measured) <= limit or gap > 2 * limit:
            return False
        self._record(test, measured, limit)
        return True

    def _sharpen(self, line: Line, direction: Direction) -> None:
        """Better estimates for a pass that resolves little: larger steps have less noise."""
        levels = list(range(self.ladder.count))
        if self.claim.pull is None:
            measured = slopes(line, self.ladder, levels, self.epsilon)
            rows, claimed, shares, norms = self._claimed_along(line.v, direction.scale)
            limit = MARGIN * measured.error[rows] + 8 * self.epsilon * norms
            agree = (np.abs(claimed - measured.value[rows]) <= limit) & ~measured.kinked[rows]
            self._record_columns(agree, claimed, measured.value[rows], limit, shares)
            return
        pair = _Pair(line, self.ladder, *self.ladder.pairs[0], self.epsilon)
        for u in self._cotangents(pair):
            measured = slopes(line, self.ladder, levels, self.epsilon, u)
            if not measured.kinked[0]:
                self._within(self._test(u, line, direction), measured)

    def _within(self, test: _Test, measured: Slopes) -> bool:
        value, error = float(measured.value[0]), float(measured.error[0])
        limit = MARGIN * error + 8 * self.epsilon * test.norm
        if measured.kinked[0]:
            limit += float(abs(measured.gap[0]) + measured.gap_error[0])
        if not abs(test.claimed - value) <= limit:
            return False
        self._record(test, value, limit)
        return True

    def _record(self, test: _Test, measured: float, limit: float) -> None:
        evidence = self.evidence
        evidence.claimed.append(test.claimed)
        evidence.measured.append(measured)
        evidence.errors.append(limit)
        evidence.resolution = min(
            evidence.resolution, limit / test.share if test.share > 0 else SOUGHT
        )
        size = abs(test.claimed)
        evidence.overall = min(evidence.overall, limit / size if size > 0 else SOUGHT)

    def _compare_columns(self, line: Line, direction: Direction) -> _Comparison:
        """Compare the claimed ``Jv`` with ``Dv``, output by output, along one line."""
        rows, claimed, shares, norms = self._claimed_along(line.v, direction.scale)
        result = _Comparison(np.zeros(self.point.m, bool))
        open_ = np.ones(rows.size, bool)
        for number, (a, b) in enumerate(self.ladder.pairs):
            pair = _Pair(line, self.ladder, a, b, self.epsilon)
            measured, gap = pair.value[rows], pair.gap[rows]
            limit = np.maximum(SOUGHT * shares, pair.floor[rows] + 8 * self.epsilon * norms)
            agree = (np.abs(claimed - measured) <= limit) & (gap <= 2 * limit)
            self._record_columns(open_ & agree, claimed, measured, limit, shares)
            open_ &= ~agree
            if not open_.any():
                return result
            if number > 0:
                kinked = np.zeros(self.point.m, bool)
                kinked[rows[open_]] = pair.kinked(surely=number == 1)[rows[open_]]
                result.kinked |= kinked
                open_ &= ~kinked[rows]
                if not open_.any():
                    return result
        measured_slopes = slopes(line, self.ladder, list(range(self.ladder.count)), self.epsilon)
        value, error = measured_slopes.value[rows], measured_slopes.error[rows]
        limit = MARGIN * error + 8 * self.epsilon * norms
        kinked_here = measured_slopes.kinked[rows]
        limit = np.where(kinked_here, limit + np.abs(measured_slopes.gap[rows]), limit)
        agree = np.abs(claimed - value) <= limit
        self._record_columns(open_ & agree, claimed, value, limit, shares)
        for r in np.flatnonzero(open_ & ~agree):
            u = np.zeros(self.point.m)
            u[rows[r]] = 1.0
            result.suspects.append(_Test(u, float(claimed[r]), float(shares[r]), float(norms[r])))
        result.suspects.sort(key=lambda test: -test.norm)
        return result

    def _claimed_along(
        self, v: Vector, scale: Vector
    ) -> tuple[NDArray[np.intp], Floats, Floats, Floats]:
        """Which outputs are claimed, the claimed slope, a typical entry's share, the norm."""
        entries = self.claim.entries
        if entries is None:
            assert self.claim.push is not None
            claimed = self.claim.push(v)
            size = np.abs(claimed)
            typical = np.median(size[size > 0]) if np.any(size > 0) else 0.0
            shares = np.where(size > 0, size, typical)
            return np.arange(self.point.m), claimed, shares, size
        moved = v[entries.columns] != 0
        rows = np.arange(entries.rows.size)
        if entries.mask is not None:
            rows = np.flatnonzero(entries.mask[:, moved].all(axis=1))
        values = entries.values[rows][:, moved]
        terms = values * v[entries.columns][moved]
        # A row is the gradient of one output; its typical entry is the median non-zero one.
        typical = _row_medians(np.abs(values))
        reach = scale[entries.columns][moved]
        shares = 0.5 * typical * (np.min(reach) if reach.size else 0.0)
        return entries.rows[rows], terms.sum(axis=1), shares, np.sqrt((terms * terms).sum(axis=1))

    def _record_columns(
        self,
        chosen: NDArray[np.bool_],
        claimed: Floats,
        measured: Floats,
        limit: Floats,
        shares: Floats,
    ) -> None:
        if not chosen.any():
            return
        evidence = self.evidence
        evidence.claimed += claimed[chosen].tolist()
        evidence.measured += measured[chosen].tolist()
        evidence.errors += limit[chosen].tolist()
        known = chosen & (shares > 0)
        # Outputs differ in how well they are resolved; a typical entry is in a typical one.
        resolution = float(np.median(limit[known] / shares[known])) if known.any() else SOUGHT
        evidence.resolution = min(evidence.resolution, resolution)
        size = float(np.abs(claimed[chosen]).max())
        best = float(limit[chosen].min()) / size if size > 0 else SOUGHT
        evidence.overall = min(evidence.overall, best)

    # ---- an entry to show for it -----------------------------------------------------------

    def _settle(self, line: Line, suspects: list[_Test]) -> None:
        """Find the entry that a disagreement comes from, and measure it."""
        for test in suspects[:2]:
            suspect = self._suspect(line, test)
            outcome = self._examine(suspect)
            if outcome == "wrong":
                return
            if outcome == "kink":
                self.evidence.kinks += 1
            else:
                self.evidence.undecided = (
                    "a combination of entries disagrees with the function, but no single entry "
                    "lies outside its measured interval"
                )

    def _suspect(self, line: Line, test: _Test) -> Suspect:
        u = test.u
        if self.claim.pull is not None and np.count_nonzero(u) > 1:
            u = suspect_output(u, lambda part: self._residual(part, line.v, self._estimate(line)))
        column = suspect_column(
            line.v,
            lambda v: self._residual(u, v, self._estimate(Line(self.point, v))),
        )
        return Suspect(_unit_of(u), column)

    def _estimate(self, line: Line) -> Floats:
        """A better cheap estimate than the first pair's: less truncation, more noise."""
        pair = _Pair(line, self.ladder, *self.ladder.pairs[1], self.epsilon)
        return pair.value

    def _residual(self, u: Vector, v: Vector, measured: Floats) -> float:
        off = abs(self._claimed_number(u, v) - float(project(measured, u)))
        return off if np.isfinite(off) else 0.0

    def _claimed_number(self, u: Vector, v: Vector, claim: Claim | None = None) -> float:
        """The claimed ``uᵀJv``."""
        claim = claim or self.claim
        if claim.pull is not None:
            return float(claim.pull(u) @ v)
        if claim.push is not None:
            return float(claim.push(v) @ u)
        entries = claim.entries
        assert entries is not None
        return float(u[entries.rows] @ entries.values @ v[entries.columns])

    def _examine(self, suspect: Suspect) -> str:
        """``"wrong"``, ``"right"`` or ``"kink"``: one entry, here and right beside."""
        entry, outcome = self._measure_entry(suspect)
        if outcome == "wrong" and not self.beside:
            outcome = self._examine_beside(suspect)
        if outcome == "wrong":
            self.evidence.wrong = entry
            self.evidence.title = self.evidence.title or "wrong value"
            self.evidence.probe = self._probe(suspect)
        return outcome

    def _measure_entry(self, suspect: Suspect) -> tuple[Entry | None, str]:
        """The entry by both scales; outside the interval of each that can tell."""
        worst: Entry | None = None
        outcome = "right"
        reaches = coordinate_reach(self.point, suspect.column)
        # The second is a fresh ladder even where both scales are the same.
        for reach in (reaches[0], 0.7 * reaches[1]):
            line = coordinate_line(self.point, suspect.column, reach, self.ladder)
            along = float(np.abs(line.v).max())
            if along == 0:
                return None, "right"
            measured = measure_along(line, suspect.u, self.ladder, self.epsilon)
            claimed = self._claimed_number(suspect.u, line.v)
            value, error = float(measured.value[0]), float(measured.error[0])
            if measured.kinked[0]:
                return None, "kink"
            limit = MARGIN * error + 8 * self.epsilon * abs(claimed)
            if not np.isfinite(limit):
                continue
            off = abs(claimed - value)
            if off > limit and off < 0.1 * max(abs(claimed), abs(value)):
                limit += self._claim_rounding(suspect.u, line.v, claimed)
            if not off > limit:
                return None, "right"
            entry = self._entry(suspect, claimed / along, value / along, limit / along)
            if worst is None or entry.error < worst.error:
                worst = entry
            outcome = "wrong"
        return worst, outcome

    def table(self) -> tuple[Entry, ...]:
        """The entries around the wrong one, each measured: its row, or the whole of a matrix.

        Empty where there are too many, or where the failure is not of one entry.
        """
        wrong = self.evidence.wrong
        if wrong is None or wrong.input == "direction" or self.evidence.title != "wrong value":
            return ()
        leaf = next(k for k in self.subject.outputs.leaves if k.name == wrong.output)
        rows = [self.subject.outputs.position(leaf, wrong.output_index)]
        columns: list[int] = list(range(self.point.n))
        entries = self.claim.entries
        if entries is not None:
            rows, columns = entries.rows.tolist(), entries.columns.tolist()
        if self.claim.push is not None:
            return ()
        if len(rows) * len(columns) > MOST_TABLE:
            return ()
        table: list[Entry] = []
        for c, column in enumerate(columns):
            line = coordinate_line(
                self.point, column, coordinate_reach(self.point, column)[0], self.ladder
            )
            along = float(np.abs(line.v).max())
            if along == 0:
                continue
            for r, row in enumerate(rows):
                if entries is not None and entries.mask is not None and not entries.mask[r, c]:
                    continue
                u = np.zeros(self.point.m)
                u[row] = 1.0
                measured = measure_along(line, u, self.ladder, self.epsilon)
                claimed = self._claimed_number(u, line.v)
                limit = MARGIN * float(measured.error[0]) + 8 * self.epsilon * abs(claimed)
                if measured.kinked[0]:
                    limit += float(abs(measured.gap[0]))
                limit += self._claim_rounding(u, line.v, claimed)
                table.append(
                    self._entry(
                        Suspect(u, column),
                        claimed / along,
                        float(measured.value[0]) / along,
                        limit / along,
                    )
                )
        table.sort(key=lambda entry: (entry.output_index, entry.index))
        return tuple(table) if any(entry.wrong for entry in table) else ()

    def _entry(self, suspect: Suspect, claimed: float, measured: float, error: float) -> Entry:
        leaf, index = self.subject.inputs.locate(suspect.column)
        output = int(np.argmax(np.abs(suspect.u)))
        name, output_index = self.subject.outputs.locate(output)
        return Entry(leaf.label, index, name.label, output_index, claimed, measured, error)

    def _probe(self, suspect: Suspect) -> tuple[tuple[str, Any], ...]:
        signature = self.rule.signature
        if self.claim.pull is None or signature is None:
            return ()
        parts = self.subject.cotangent(suspect.u)
        return tuple(zip(signature.leading, parts, strict=True))

    def _claim_rounding(self, u: Vector, v: Vector, claimed: float) -> float:
        """How far the claimed number may be off by rounding alone."""
        return _SCATTER_MARGIN * self._scatter(u, v, claimed)

    def _scatter(self, u: Vector, v: Vector, claimed: float) -> float:
        """By how much the claimed number moves when every operation of the rule is jittered."""
        rng = self.case.rng("rounding")

        def compute(wrap: Callable[[Any], Any]) -> Floats:
            claim = claim_at(self.rule, self.subject, self.case.rng("entries"), wrap)
            return np.array([self._claimed_number(u, v, claim)])

        try:
            moved = rounding.scatter(compute, np.array([claimed]), rng, _SCATTER_RUNS)
        except (Violation, SetAside):
            return np.inf
        return float(moved[0])

    def _examine_beside(self, suspect: Suspect) -> str:
        """The same entry at a point right beside: a rule wrong only at the point is not accused."""
        beside = self._beside()
        if beside is None:
            return "kink"
        _, outcome = beside._measure_entry(suspect)
        return "wrong" if outcome == "wrong" else "kink"

    def _beside(self, direction: Vector | None = None) -> _Judge | None:
        """This judgement at a point right beside; None where the function has no value there."""
        rng = self.case.rng("nudge")
        if direction is None:
            direction = finish(
                self.point, scales(self.point, "spread"), magnitudes(rng, self.point.n), self.ladder
            ).v
        step = _BESIDE if self.ladder is not SINGLE else 2.0**-10
        moved = self.subject.inputs.restore(
            self.point.x + (step * direction).astype(self.point.x.dtype)
        )
        values = {**self.subject.values, **moved}
        try:
            subject = Subject(
                self.rule.derivation, values, self.bindings, self.rule.wrt, self.subject.x.dtype
            )
            subject.point.evaluations = 0
            claim = claim_at(self.rule, subject, self.case.rng("entries"))
        except (SetAside, Violation):
            return None
        self.point.evaluations += 1
        return _Judge(self.rule, subject, claim, self.ladder, self.case, self.bindings, True)

    def _settle_nonlinear(self, seen: Nonlinear, what: str) -> None:
        """Fail a rule that is not linear where one of its two answers is measurably wrong."""
        claim = self.claim
        pulled = claim.pull is not None
        answer = claim.pull if claim.pull is not None else claim.push
        assert answer is not None
        for factor in (1.0, seen.factor):
            given = float(answer(factor * seen.u)[seen.position]) / factor
            if pulled:
                reach = coordinate_reach(self.point, seen.position)[0]
                line = coordinate_line(self.point, seen.position, reach, self.ladder)
                u, given = seen.u, given * float(line.v[seen.position])
            else:
                line = Line(self.point, seen.u)
                u = np.zeros(self.point.m)
                u[seen.position] = 1.0
            measured = measure_along(line, u, self.ladder, self.epsilon)
            limit = MARGIN * float(measured.error[0]) + _SCATTER_MARGIN * self._scatter(
                factor * u if pulled else u, line.v if pulled else factor * line.v, factor * given
            ) / abs(factor)
            off = abs(given - float(measured.value[0]))
            if measured.kinked[0] or not off > limit:
                continue
            along = float(line.v[seen.position]) if pulled else 1.0
            leaf, index = self.subject.inputs.locate(seen.position) if pulled else (None, ())
            out, out_index = (
                self.subject.outputs.locate(seen.position) if not pulled else (None, ())
            )
            self.evidence.wrong = Entry(
                leaf.label if leaf else "direction",
                index,
                out.label if out else "output·cotangent",
                out_index,
                given / along,
                float(measured.value[0]) / along,
                abs(limit / along),
            )
            self.evidence.title = f"not linear in the {what}"
            if pulled and self.rule.signature is not None:
                parts = self.subject.cotangent(factor * seen.u)
                self.evidence.probe = tuple(zip(self.rule.signature.leading, parts, strict=True))
            return

    # ---- kinks -----------------------------------------------------------------------------

    def _at_kinks(self, kinked: NDArray[np.bool_]) -> None:
        """What can be said at a kink: a declared convention, one basic kink, or the point beside."""
        evidence = self.evidence
        decided = self._convention(kinked) if kinked.any() else 0
        if evidence.wrong is not None:
            return
        evidence.kinks += int(kinked.sum()) - decided
        if self.beside or (decided == int(kinked.sum()) > 0 and not evidence.undecided):
            if decided and evidence.resolution == np.inf:
                evidence.resolution = evidence.overall = SOUGHT
            return
        self._along_ties(kinked)
        if evidence.wrong is not None:
            return
        beside = self._beside()
        if beside is None:
            if evidence.resolution == np.inf:
                evidence.undecided = "the point is on a kink, and the function has no value beside"
            return
        found = beside.run(contracts=False)
        self.point.evaluations += beside.point.evaluations
        self.claim.calls += beside.claim.calls
        if found.wrong is not None:
            evidence.wrong, evidence.title, evidence.probe = found.wrong, found.title, found.probe
        elif found.undecided or found.resolution == np.inf:
            if evidence.resolution == np.inf:
                evidence.undecided = found.undecided or "the point is surrounded by kinks"
        else:
            evidence.undecided = ""
            evidence.resolution = min(evidence.resolution, found.resolution)
            evidence.overall = min(evidence.overall, found.overall)

    def _along_ties(self, kinked: NDArray[np.bool_]) -> None:
        """Directions that keep ties and zeros in place, along which the function may be smooth."""
        x = self.point.x.astype(np.float64)
        together = np.max(scales(self.point, "spread")) * np.ones(self.point.n)
        for v in (together, x):
            direction = finish(self.point, np.abs(v), np.sign(v), self.ladder)
            if not direction.v.any():
                continue
            line = Line(self.point, direction.v)
            pair = _Pair(line, self.ladder, *self.ladder.pairs[1], self.epsilon)
            smooth = kinked & ~pair.kinked(surely=False)
            for position in self.rng.permutation(np.flatnonzero(smooth))[:2]:
                self._settle_along(line, int(position))
                if self.evidence.wrong is not None:
                    return

    def _settle_along(self, line: Line, output: int) -> None:
        """One output along one direction, here and further along it."""
        if self.claim.entries is not None and (
            self.claim.entries.mask is not None
            or self.claim.entries.columns.size < self.point.n
            or output not in self.claim.entries.rows
        ):
            return
        beside = self._beside(line.v)
        if beside is None:
            return
        u = np.zeros(self.point.m)
        u[output] = 1.0
        found: list[tuple[float, float, float]] = []
        fresh = 0.7 * line.v
        for judge_, at in (
            (self, line),
            (self, Line(self.point, fresh)),
            (beside, Line(beside.point, fresh)),
        ):
            measured = measure_along(at, u, self.ladder, self.epsilon)
            claimed = judge_._claimed_number(u, at.v)
            value, error = float(measured.value[0]), MARGIN * float(measured.error[0])
            error += 8 * self.epsilon * abs(claimed)
            if measured.kinked[0] or not abs(claimed - value) > error:
                return
            found.append((claimed, value, error + self._claim_rounding(u, at.v, claimed)))
        if all(abs(claimed - value) > error for claimed, value, error in found):
            name, index = self.subject.outputs.locate(output)
            self.evidence.wrong = Entry("direction", (), name.label, index, *found[0])
            self.evidence.title = "wrong where inputs tie"

    def _convention(self, kinked: NDArray[np.bool_]) -> int:
        """Judge an elementwise claim at its kinks; returns how many of them were decided."""
        declared = self.subject.derivation.options.at_kink
        diagonal = self._diagonal()
        if diagonal is None:
            return 0
        v = finish(
            self.point, scales(self.point, "spread"), magnitudes(self.rng, self.point.n),
            self.ladder,
        ).v  # fmt: skip
        if not v.all():
            return 0
        if self.point.m != self.point.n or (self.point.n == 1 and declared is None):
            return 0
        step = self.ladder.step(self.ladder.pairs[0][0])
        if self.point.n > 1 and not is_elementwise(self.point, v, step, self.rng):
            if declared is not None:
                raise Violation(
                    "not elementwise",
                    f"at_kink is declared for {self.subject.derivation.name}, but an output of it "
                    "depends on other inputs than its own; state what the rule does at a kink as "
                    "an identity instead",
                )
            return 0
        line = Line(self.point, v)
        levels = list(range(self.ladder.pairs[0][0], self.ladder.pairs[2][1] + 1))
        sides = elementwise_sides(line, self.ladder, levels, self.epsilon)
        low = np.minimum(sides.left - sides.left_error, sides.right - sides.right_error)
        high = np.maximum(sides.left + sides.left_error, sides.right + sides.right_error)
        if declared is not None:
            expected, error = self._declared(declared, sides)
        else:
            if not self._basic_kinks(v, sides, kinked):
                return 0
            expected, error = (low + high) / 2, (high - low) / 2
        known = kinked & np.isfinite(expected) & np.isfinite(error) & self._exactly(sides)
        off = (
            np.abs(diagonal - expected) > MARGIN * error
            if declared is not None
            else ((diagonal < low - 2 * error) | (diagonal > high + 2 * error))
        )
        wrong = np.flatnonzero(known & off)
        if wrong.size:
            position = int(wrong[0])
            u = np.zeros(self.point.m)
            u[position] = 1.0
            suspect = Suspect(u, position)
            self.evidence.wrong = self._entry(
                suspect, float(diagonal[position]), float(expected[position]),
                MARGIN * float(error[position]),
            )  # fmt: skip
            self.evidence.title = "wrong at a kink"
            self.evidence.probe = self._probe(suspect)
        return int(known.sum())

    def _exactly(self, sides: Any) -> NDArray[np.bool_]:
        """Where the kink is at the input itself, not a few units in the last place beside it."""
        x = self.point.x
        up, down = np.nextafter(x, np.inf), np.nextafter(x, -np.inf)
        right = (self.point.evaluate(up) - self.point.y) / (up - x)
        left = (self.point.y - self.point.evaluate(down)) / (x - down)
        half = np.abs(sides.right - sides.left) / 2
        at_left, at_right = np.abs(left - sides.left) < half, np.abs(right - sides.right) < half
        # Rounding may hide what a step of one unit does; then a short number is taken at its word.
        hidden = ~at_left & (np.abs(left - sides.right) >= half)
        hidden |= ~at_right & (np.abs(right - sides.left) >= half)
        return (at_left & at_right) | (hidden & (x == np.round(x, 6)))

    def _declared(self, declared: Any, sides: Any) -> tuple[Floats, Floats]:
        if declared == "left":
            return sides.left, sides.left_error
        if declared == "right":
            return sides.right, sides.right_error
        if declared == "middle":
            return (sides.left + sides.right) / 2, (sides.left_error + sides.right_error) / 2
        values = self.subject.values
        expected = np.asarray(declared(**values), dtype=np.float64)
        flat = np.broadcast_to(expected, np.shape(self.point.x)).reshape(-1)
        return flat, 8 * self.epsilon * np.abs(flat)

    def _basic_kinks(self, v: Vector, sides: Any, kinked: NDArray[np.bool_]) -> bool:
        """Whether the rule gives the one-sided slopes right beside the point, on both sides."""
        for sign in (1.0, -1.0):
            beside = self._beside(sign * v)
            diagonal = beside._diagonal() if beside is not None else None
            if diagonal is None:
                return False
            right = (v > 0) == (sign > 0)
            slope = np.where(right, sides.right, sides.left)
            error = np.where(right, sides.right_error, sides.left_error)
            # The slope itself changes on the way there.
            error = MARGIN * error + 2.0**-10 * np.abs(slope)
            if np.any(kinked & ~(np.abs(diagonal - slope) <= error)):
                return False
        return True

    def _diagonal(self) -> Floats | None:
        """The claimed diagonal of a square Jacobian whose other entries are zero."""
        claim, n = self.claim, self.point.n
        if n != self.point.m:
            return None
        if claim.pull is not None:
            return claim.pull(np.ones(n))
        if claim.push is not None:
            return claim.push(np.ones(n))
        entries = claim.entries
        assert entries is not None
        diagonal = np.full(n, np.nan)
        for r, row in enumerate(entries.rows):
            for c in np.flatnonzero(entries.columns == row):
                if entries.mask is None or entries.mask[r, c]:
                    diagonal[row] = entries.values[r, c]
        return diagonal


class _Overflow(Exception):
    """A cotangent that was made to measure is too large for the rule."""


@dataclass
class _Test:
    """One cotangent along a line: the claimed number, a typical entry's share of it, its norm."""

    u: Vector
    claimed: float
    share: float
    norm: float


@dataclass
class _Comparison:
    """What a line showed: outputs on kinks, and tests that disagree."""

    kinked: NDArray[np.bool_]
    suspects: list[_Test] = field(default_factory=list)


class _Pair:
    """The cheap estimate from two steps: derivative, gap of the slopes, and rounding floor."""

    def __init__(self, line: Line, ladder: Ladder, a: int, b: int, epsilon: float) -> None:
        self.coarse, self.fine = ladder.step(a), ladder.step(b)
        h, k = self.coarse, self.fine
        self.ratio = self.coarse / self.fine
        self.value = extrapolate(line.odd(h) / (2 * h), line.odd(k) / (2 * k), self.ratio)
        self.even_coarse, self.even_fine = line.even(h) / h, line.even(k) / k
        self.size = np.maximum(np.abs(line.at(k)), np.abs(line.at(-k)))
        self.floor = (ROUNDING * epsilon * self.size + np.finfo(np.float64).tiny) / k
        # A smooth function's gap shrinks with the step; a kink's does not.
        shrinks = np.abs(self.even_fine) <= np.abs(self.even_coarse) / 2
        noise = 2 * self.floor
        self.gap = np.where(
            shrinks | (np.abs(self.even_fine) <= noise), 0.0, np.abs(self.even_fine)
        )

    def kinked(self, *, surely: bool) -> NDArray[np.bool_]:
        """Outputs whose slopes from the two sides differ by more than rounding explains.

        ``surely``: by the same at both steps. At steps at which the function does not look smooth
        yet they may differ by anything.
        """
        found = self.gap > SOUGHT * np.abs(self.value)
        if surely:
            found &= np.abs(self.even_fine - self.even_coarse) <= _SAME_GAP * self.gap
        return found

    def projected(self, u: Vector) -> tuple[float, float, float]:
        """Estimate, gap and floor of ``u·y``."""
        if u.size == 1:
            return (
                float(self.value[0] * u[0]), float(self.gap[0] * abs(u[0])),
                float(self.floor[0] * abs(u[0])),
            )  # fmt: skip
        active = u != 0
        value = float(project(self.value, u))
        gap = float(np.max(np.abs(u * self.gap)[active], initial=0.0))
        floor = float(np.sqrt(np.sum((u * self.floor)[active] ** 2)))
        return value, gap, floor


def _typical_share(g: Vector, scale: Vector, subject: Subject) -> float:
    """The least that one entry of median size contributes to ``g·v``, over the gradients."""
    shares = []
    for leaf in subject.inputs.leaves:
        size = np.abs(g[leaf.slice])
        nonzero = size[size > 0]
        if nonzero.size:
            typical = np.sort(nonzero)[nonzero.size // 2]
            near = (size >= typical / _TYPICAL) & (size <= typical * _TYPICAL)
            reach = scale[leaf.slice][near]
            shares.append(0.5 * float(typical) * float(reach.min()))
    positive = [share for share in shares if share > 0]
    return min(positive, default=0.0)


def _row_medians(size: Floats) -> Floats:
    """The median of the non-zero entries of each row; 0 where there are none."""
    if size.shape[1] == 1:
        return size[:, 0]
    ordered = np.sort(size, axis=1)
    zeros = np.count_nonzero(ordered == 0, axis=1)
    middle = np.minimum(zeros + (size.shape[1] - zeros) // 2, size.shape[1] - 1)
    return ordered[np.arange(size.shape[0]), middle]


def _unit_of(u: Vector) -> Vector:
    """``u`` itself where it mixes outputs; the unit cotangent where it is a multiple of one."""
    if np.count_nonzero(u) != 1:
        return u
    return (u != 0).astype(np.float64)
