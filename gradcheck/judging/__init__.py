"""Claim × case → verdict: every judgement about right and wrong stands here.

A claim is compared with the function along two random lines. Agreement is its own evidence: chance
makes it about as likely as the size of the error that is sought, so a cheap estimate is enough to
pass. Disagreement is not: the estimate may be wrong, the point on a kink, or the rule may round. So
before a claim fails, one entry of it is measured as well as it can be, and has to lie outside its
interval, there and at a point right beside, since a rule that is wrong nowhere but at one point may
have met a kink that the function alone does not show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.contracts import linearity, repeatable_function
from gradcheck.dims import Bindings
from gradcheck.evaluation import Claim, SetAside, Subject, Violation, claim_at
from gradcheck.judging import entries
from gradcheck.judging.comparison import compare, poorly_resolved, sharpen, typical_size
from gradcheck.judging.context import COARSEST, Context, Evidence, Mask
from gradcheck.judging.exhibits import exhibit
from gradcheck.judging.hessians import gradient_subject
from gradcheck.judging.kinks import at_kinks
from gradcheck.oracle.directions import Direction, draw_direction, finish, magnitudes
from gradcheck.oracle.entry import coordinate_reach, overflows
from gradcheck.oracle.ladder import DOUBLE, SINGLE, Ladder, Line
from gradcheck.oracle.layout import Vector
from gradcheck.verdict import Status, Verdict

#: No output weighs more than this many times the typical one in the first cotangent.
_MOST_WEIGHT = 1e3


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
    about: dict[str, Any] = {
        "claim": rule.id, "kind": rule.kind, "case": case, "bindings": bindings,
        "file": rule.file, "line": rule.line,
    }  # fmt: skip
    with np.errstate(all="ignore"):
        try:
            subject, ladder = _subject(rule, values, bindings, case)
            if contracts:
                repeatable_function(subject)
            claim = claim_at(rule, subject, case)
            context = Context(rule, subject, claim, ladder, case, bindings)
            _run(context, contracts=contracts)
            if table and context.evidence.wrong is not None:
                exhibit(context)
            subject.require_unchanged(f"{rule.name} changes its input")
            return _verdict(subject, claim, context.evidence, about)
        except SetAside as aside:
            return Verdict(Status.UNDECIDED, cause=aside.cause, reason=str(aside), **about)
        except Violation as violation:
            if violation.title == "numerically unstable" and subject and _overflows(subject, case):
                return Verdict(
                    Status.UNDECIDED,
                    cause="overflow",
                    reason=f"a derivative of {rule.derivation.name} is larger there than the "
                    "largest number",
                    **about,
                )
            return Verdict(
                Status.FAIL,
                cause="contract",
                title=violation.title,
                reason=str(violation),
                evaluations=subject.point.evaluations if subject else 1,
                calls=claim.calls if claim else 0,
                **about,
            )


def _overflows(subject: Subject, case: Case) -> bool:
    """Whether no rule could be finite, since a derivative of the function is not."""
    if subject.x.size == 0 or subject.y.size == 0:
        return False
    direction = draw_direction(subject.point, case.rng("overflow"), "spread", DOUBLE)
    return overflows(Line(subject.point, direction.v), DOUBLE)


def _subject(
    rule: Rule, values: Mapping[str, Any], bindings: Bindings, case: Case
) -> tuple[Subject, Ladder]:
    """The function at the values, in float64 wherever it computes in it."""
    if rule.kind == "hessian":
        return gradient_subject(rule, values, bindings, case, judge), DOUBLE
    subject = Subject(rule.derivation, values, bindings, rule.wrt)
    if subject.dtype.itemsize >= np.dtype(np.float64).itemsize:
        return subject, DOUBLE
    if all(np.asarray(values[name]).dtype == np.float32 for name in rule.wrt):
        return Subject(rule.derivation, values, bindings, rule.wrt, np.float32), SINGLE
    return subject, replace(DOUBLE, epsilon=float(np.finfo(subject.dtype).eps) / 2)


def _run(context: Context, *, contracts: bool) -> None:
    """The course of a judgement."""
    evidence, claim, point = context.evidence, context.claim, context.point
    if point.n == 0 or point.m == 0:
        return
    weight = None if claim.pull is None else claim.pull(_first_cotangent(context))
    if contracts and (answer := claim.pull or claim.push) is not None:
        size = point.m if claim.pull is not None else point.n
        seen = linearity(claim, answer, size, context.rng)
        if seen is not None:
            entries.settle_nonlinear(context, seen)
            if evidence.wrong is not None:
                return
    if claim.pull is not None:
        evidence.by_gradient = np.full(len(context.subject.inputs.leaves), np.inf)
    kinked = np.zeros(point.m, bool)
    lines = [(Line(point, d.v), d) for d in _directions(context, weight)]
    for line, direction in lines:
        _compare(context, line, direction, kinked)
        if evidence.wrong is not None:
            return
    if not kinked.any() and not evidence.undecided:
        for number in poorly_resolved(context):
            _focus(context, number, lines, kinked)
            if evidence.wrong is not None:
                return
    if evidence.kinks or evidence.undecided or kinked.any():
        at_kinks(context, kinked, lambda beside: _run(beside, contracts=False))


def _compare(context: Context, line: Line, direction: Direction, kinked: Mask) -> None:
    comparison = compare(context, line, direction)
    kinked |= comparison.kinked
    if comparison.suspects:
        entries.settle(context, line, comparison.suspects)


def _focus(
    context: Context, number: int, lines: list[tuple[Line, Direction]], kinked: Mask
) -> None:
    """Look closer at one gradient that is poorly resolved beside others: by itself, then better."""
    leaves = context.subject.inputs.leaves
    if context.claim.pull is not None and len(leaves) > 1:
        leaf = leaves[number]
        alone = np.zeros(context.point.n)
        alone[leaf.slice] = 1.0
        own = draw_direction(context.point, context.rng, "spread", context.ladder)
        own = Direction(own.v * alone, own.scale * alone)
        lines = [(Line(context.point, own.v), own)]
        _compare(context, *lines[0], kinked)
    if number in poorly_resolved(context) and context.evidence.wrong is None:
        for line, direction in lines:
            sharpen(context, line, direction)


def _first_cotangent(context: Context) -> Vector:
    size = np.abs(context.point.y)
    least = max(typical_size(size) / _MOST_WEIGHT, np.finfo(np.float64).tiny)
    return magnitudes(context.rng, context.point.m) * (least / np.maximum(size, least))


def _directions(context: Context, weight: Vector | None) -> list[Direction]:
    """One direction by spread and one by magnitude; single inputs where entries are left out."""
    point, claimed = context.point, context.claim.entries
    if claimed is not None and claimed.mask is not None and not claimed.mask.all():
        # A random direction would mix entries that are claimed with others that are not.
        columns = claimed.columns[claimed.mask.any(axis=0)]
        return [_single(context, int(column)) for column in columns]
    found = [
        draw_direction(point, context.rng, "spread", context.ladder, weight),
        draw_direction(point, context.rng, "magnitude", context.ladder, weight),
    ]
    if claimed is not None and claimed.columns.size < point.n:
        support = np.zeros(point.n)
        support[claimed.columns] = 1.0
        found = [Direction(one.v * support, one.scale * support) for one in found]
    return found


def _single(context: Context, column: int) -> Direction:
    reach = coordinate_reach(context.point, column)[int(context.rng.integers(2))]
    signs = np.zeros(context.point.n)
    signs[column] = 1.0
    return finish(context.point, np.full(context.point.n, reach), signs, context.ladder)


def _lost(subject: Subject, evidence: Evidence) -> str:
    """Which gradients the function's own rounding hides; empty where it hides none."""
    lost = [subject.inputs.leaves[k].label for k in np.flatnonzero(evidence.lost)]
    return f"too small to be seen here: the gradient for {', '.join(lost)}" if lost else ""


def _verdict(subject: Subject, claim: Claim, evidence: Evidence, about: dict[str, Any]) -> Verdict:
    claimed = claim.entries
    silent = claimed is not None and (
        claimed.values.size == 0 or (claimed.mask is not None and not claimed.mask.any())
    )
    status, cause, reason = Status.PASS, "", _lost(subject, evidence)
    if evidence.wrong is not None:
        status, reason = Status.FAIL, evidence.reason
    elif silent or subject.x.size == 0 or subject.y.size == 0:
        status, cause, reason = Status.UNDECIDED, "silent", "the claim says nothing here"
    elif evidence.undecided:
        status, cause, reason = Status.UNDECIDED, "measurement", evidence.undecided
    elif evidence.resolution > COARSEST:
        status, cause = Status.UNDECIDED, "coarse"
        reason = (
            "an error of one entry would have been seen only if it were larger than "
            f"{evidence.resolution:.0e} of it: the function's own noise is too large here"
        )
    return Verdict(
        status,
        claimed=np.array(evidence.claimed),
        measured=np.array(evidence.measured),
        error=np.array(evidence.errors),
        resolution=evidence.resolution,
        resolution_overall=evidence.overall,
        worst=evidence.wrong,
        entries=evidence.table or ((evidence.wrong,) if evidence.wrong else ()),
        kinks=evidence.kinks,
        uncovered=claimed.uncovered if claimed else 0,
        evaluations=subject.point.evaluations,
        calls=claim.calls,
        cause=cause,
        title=evidence.title if status is Status.FAIL else "",
        reason=reason,
        notes=(*subject.notes, *claim.notes),
        probe=evidence.probe,
        quotients=evidence.quotients,
        **about,
    )
