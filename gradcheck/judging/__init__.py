"""Claim × case → verdict: every judgement about right and wrong stands here.

A claim is compared with the function along two random lines. Agreement is its own evidence: chance
makes it about as likely as the size of the error that is sought, so a cheap estimate is enough to
pass. Disagreement is not: the estimate may be wrong, the point on a kink, or the rule may round. So
before a claim fails, one entry of it is measured as well as it can be, and has to lie outside its
interval, there and at a point right beside, since a rule that is wrong nowhere but at one point may
have met a kink that the function alone does not show.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.answers import same
from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.contracts import linearity, repeatable_function
from gradcheck.dims import Bindings
from gradcheck.evaluation import announce_entries, answers_elsewhere, claim_at
from gradcheck.hints import said
from gradcheck.judging import entries, one_entry
from gradcheck.judging.conclusion import verdict_on
from gradcheck.judging.context import FINE, FINE_OF_MANY, Context, Floats
from gradcheck.judging.evidence import SOUGHT
from gradcheck.judging.exhibits import exhibit
from gradcheck.judging.lost_digits import lost_digits
from gradcheck.judging.precision import lossy, own_rounding
from gradcheck.judging.screening import BOTH
from gradcheck.judging.settling import look_cheaply, settle
from gradcheck.judging.subjects import subject_at
from gradcheck.oracle.directions import finish, magnitudes, scales
from gradcheck.oracle.entry import overflows
from gradcheck.oracle.ladder import DOUBLE, Line
from gradcheck.returned import SetAside, Violation
from gradcheck.subject import Subject
from gradcheck.verdict import Status, Verdict


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
    judged = judge_all(rule, [(values, case)], bindings, contracts=contracts, table=table)
    return next(judged)


def judge_all(
    rule: Rule,
    points: Sequence[tuple[Mapping[str, Any], Case]],
    bindings: Bindings,
    *,
    contracts: bool = True,
    table: bool = False,
    thorough: bool = True,
) -> Iterator[Verdict]:
    """The verdicts on ``rule`` at several points of the same sizes; contracts at the first.

    All are looked at cheaply at once, and settled one by one, as they are asked for: who stops at a
    failure has not paid for the others. Without ``thorough``, a second line is looked along only
    where the first has left something, or resolves little: there are many points.
    """
    judgements = [
        _Judgement(rule, values, bindings, case, contracts and k == 0, table, thorough)
        for k, (values, case) in enumerate(points)
    ]
    with np.errstate(all="ignore"):
        # A rule in this process is asked right after its function: it may read what that has left.
        for group in [judgements] if answers_elsewhere(rule) else [[j] for j in judgements]:
            for judgement in group:
                judgement.attempt(judgement.prepare)
            ready = [j for j in group if j.open]
            announced = announce_entries(
                rule, [(j.subject, j.case) for j in ready if j.subject is not None]
            )
            for judgement in ready:
                judgement.attempt(functools.partial(judgement.claim, announced))
        look_cheaply([j.context for j in judgements if j.open and j.context is not None], thorough)
    for judgement in judgements:
        with np.errstate(all="ignore"):
            if judgement.open:
                judgement.attempt(judgement.conclude)
            if judgement.reads_what_was_left():
                judgement.in_order()
            else:
                judgement.doubt_the_gradient()
        assert judgement.verdict is not None
        yield judgement.verdict


class _Judgement:
    """The course of one judgement; whatever breaks a contract on the way becomes its verdict."""

    def __init__(
        self,
        rule: Rule,
        values: Mapping[str, Any],
        bindings: Bindings,
        case: Case,
        contracts: bool,
        table: bool,
        thorough: bool,
    ) -> None:
        self.rule, self.values, self.bindings, self.case = rule, values, bindings, case
        self.contracts, self.table, self.comes_first = contracts, table, False
        #: Whether a Hessian is measured from the function alone.
        self.alone = False
        #: Whether the rule has been asked: what is broken before is the function's.
        self.asked: bool
        #: Whether the rule changes what the function has left, so that a second answer is another.
        self.destroys = False
        self.thorough, self.fine = thorough, FINE if thorough else FINE_OF_MANY
        self.subject: Subject | None = None
        self.ladder = DOUBLE
        self.context: Context | None = None
        self.verdict: Verdict | None = None

    @property
    def open(self) -> bool:
        """Whether there is no verdict yet."""
        return self.verdict is None

    def attempt(self, step: Callable[[], None]) -> None:
        """Take a step; an exception of the user's functions is a verdict."""
        try:
            step()
        except (SetAside, Violation) as broken:
            found = self._first(broken)
            if isinstance(found, Violation):
                self.verdict = self._violated(found)
            else:
                self.verdict = Verdict(
                    Status.UNDECIDED, cause=found.cause, reason=found.message, **self._about()
                )

    def _first(self, broken: SetAside | Violation) -> SetAside | Violation:
        """What went wrong first: inputs that were changed explain whatever comes after."""
        if self.subject is not None and self.asked:
            try:
                self._require_unchanged()
            except Violation as changed:
                return changed
        return broken

    def _require_unchanged(self) -> None:
        assert self.subject is not None
        self.subject.require_unchanged(self.rule.name)

    def prepare(self) -> None:
        """The function at the point, and what is asked of it before numbers."""
        self.asked = False
        self.subject, self.ladder = subject_at(
            self.rule, self.values, self.bindings, self.case, judge, self.alone
        )
        self.subject.comes_first = self.comes_first
        if self.contracts:
            repeatable_function(self.subject)

    def claim(self, announced: bool = False) -> None:
        """The claim at the point, and what is asked of it before numbers; see ``claim_at``."""
        assert self.subject is not None
        self.asked = True
        claim = claim_at(self.rule, self.subject, self.case, announced=announced)
        self.context = Context(
            self.rule, self.subject, claim, self.ladder, self.case, self.bindings, self.fine
        )
        if self.contracts:
            _linear(self.context)

    def reads_what_was_left(self) -> bool:
        """Whether a rule that failed answers by what the function has left, so by its last call."""
        context = self.context
        if self.verdict is None or self.verdict.status is not Status.FAIL or context is None:
            return False
        claim, subject = context.claim, context.subject
        answer = claim.pull or claim.push
        if answer is None or subject.is_measured or subject.comes_first or not context.point.n:
            return False
        u = magnitudes(self.case.rng("order"), context.point.m if claim.pull else context.point.n)

        away = context.point.inside(magnitudes(self.case.rng("away"), context.point.n))
        reach = context.point.reach()
        if reach is not None:
            away = np.clip(away, -reach, reach)

        def after(call: Callable[[], object]) -> Any:
            call()
            try:
                return answer(u)
            except Violation:
                return None

        there = functools.partial(after, lambda: context.point.evaluate(subject.x + away))
        here = functools.partial(after, lambda: subject._call(subject.values))
        try:
            first, second = there(), here()
            if second is None or _same(first, second):
                return False
            # What changes from call to call is the rule's own.
            if not (_same(second, here()) and _same(first, there(), there())):
                return False
            here()
            third = after(lambda: None)
            self.destroys = third is not None and not _same(second, third)
            return True
        except SetAside:
            return False

    def doubt_the_gradient(self) -> None:
        """Where a Hessian fails by a declared gradient, and the function contradicts that: by it.

        The gradient passes at the point, and may be wrong beside: by a branch, or by what rounds
        it.
        """
        context = self.context
        if context is None or self.subject is None or not self.subject.origin:
            return
        entry, by = context.evidence.wrong, context.evidence.by
        if entry is None or by is None:
            return
        other = _Judgement(
            self.rule, self.values, self.bindings, self.case, False, self.table, self.thorough
        )
        other.alone = True
        other.ask()
        if other.context is not None and one_entry.contradicts(other.context, by[0], entry, by[1]):
            other.answer()
            self.verdict = other.verdict

    def ask(self) -> None:
        """Up to what the rule claims."""
        self.attempt(self.prepare)
        if self.open:
            self.attempt(self.claim)

    def answer(self) -> None:
        """From there to the verdict."""
        if self.open and self.context is not None:
            look_cheaply([self.context])
            self.attempt(self.conclude)

    def in_order(self) -> None:
        """Judge once more, with the function called at the inputs before each call of the rule."""
        self.verdict, self.comes_first = None, True
        self.ask()
        self.answer()
        assert self.verdict is not None
        function = self.rule.derivation.name
        if self.destroys and self.verdict.status is not Status.FAIL:
            self.verdict = self._violated(
                Violation(
                    "not repeatable",
                    said(
                        "{name} gives another answer when it is called a second time after one "
                        "call of {function}: it changes what that has kept; work on a copy",
                        "{function} 只调用一次之后，第二次调用 {name} 得到了不同的结果："
                        "它改动了前者保存的内容；请在副本上操作",
                        name=self.rule.name,
                        function=function,
                    ),
                )
            )
        note = (
            f"{self.rule.name} reads what {function} left when last called, so it was called "
            "at the inputs before each call"
        )
        self.verdict = replace(self.verdict, notes=(*self.verdict.notes, note))

    def conclude(self) -> None:
        """From what the cheap pass has shown to the verdict."""
        assert self.context is not None
        assert self.subject is not None
        context = self.context
        settle(context)
        if self.table and context.evidence.wrong is not None:
            exhibit(context)
        alone = self.contracts and self.thorough and context.claim.remote is None
        known = context.evidence.wrong is None and alone and not self.subject.is_measured
        rounding = own_rounding(context, self.values) if known else None
        self._require_unchanged()
        verdict = verdict_on(self.subject, context.claim, context.evidence, self._about())
        lost = lost_digits(context) if verdict else None
        self.verdict = replace(
            verdict, rounding=rounding, lost=lost, notes=(*verdict.notes, *lossy(context, rounding))
        )

    def _violated(self, violation: Violation) -> Verdict:
        subject, context = self.subject, self.context
        if violation.title == "numerically unstable" and subject and _overflows(subject, self.case):
            return Verdict(
                Status.UNDECIDED,
                cause="overflow",
                reason=said(
                    "a derivative of {name} is larger there than the largest number",
                    "{name} 在那里的某个导数超出了数的范围",
                    name=self.rule.derivation.name,
                ),
                **self._about(),
            )
        return Verdict(
            Status.FAIL,
            cause="contract" if self.asked else "function",
            title=violation.title,
            reason=violation.message,
            evaluations=subject.point.evaluations if subject else 1,
            calls=context.claim.calls if context else 0,
            **self._about(),
        )

    def _about(self) -> dict[str, Any]:
        return {
            "claim": self.rule.id, "kind": self.rule.kind, "case": self.case,
            "bindings": self.bindings, "file": self.rule.file, "line": self.rule.line,
        }  # fmt: skip


def _same(first: Floats | None, *others: Floats | None) -> bool:
    """Whether answers are the same, or none of them is one."""
    if first is None:
        return all(other is None for other in others)
    return all(other is not None and same(first, other) for other in others)


def _overflows(subject: Subject, case: Case) -> bool:
    """Whether no rule could be finite, since a derivative of the function is not."""
    if subject.x.size == 0 or subject.y.size == 0:
        return False
    signs = magnitudes(case.rng("overflow"), subject.point.n)
    lines = (
        Line(subject.point, finish(subject.point, scales(subject.point, scale), signs, DOUBLE).v)
        for scale in BOTH
    )
    return any(overflows(line, DOUBLE) for line in lines)


def _linear(context: Context) -> None:
    """Settle a rule that is not linear in its cotangent or tangent."""
    claim, point = context.claim, context.point
    answer = claim.pull or claim.push
    if answer is None or point.n == 0 or point.m == 0:
        return
    size = point.m if claim.pull is not None else point.n
    seen = linearity(claim, answer, size, context.case.rng("linearity"))
    if seen is None:
        return
    entries.settle_nonlinear(context, seen)
    # Of numbers narrower than float64 a large factor may bring back digits that were lost.
    exact = seen.factor == -1.0 or claim.epsilon == 0
    if context.evidence.wrong is None and exact and seen.share > SOUGHT:
        what = "cotangent" if claim.pull is not None else "tangent"
        raise Violation(
            f"not linear in the {what}",
            said(
                "{name}: {factor:g} times the {what} does not give {factor:g} times the answer, "
                "which is off by {share:.2g} % of its largest entry",
                "{name}：{what}乘以 {factor:g} 后，结果并没有乘以 {factor:g}，"
                "相差其最大元素的 {share:.2g} %",
                name=claim.name,
                factor=seen.factor,
                share=100 * seen.share,
                what=said(what, "上游梯度" if claim.pull is not None else "切向量"),
            ),
        )
