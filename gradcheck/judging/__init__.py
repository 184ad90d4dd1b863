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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.contracts import linearity, repeatable_function
from gradcheck.dims import Bindings
from gradcheck.evaluation import Claim, claim_at
from gradcheck.hints import said
from gradcheck.judging import entries
from gradcheck.judging.comparison import compare, imagine, poorly_resolved, sharpen
from gradcheck.judging.context import FINE, FINE_OF_MANY, SINGLY, Context, Mask
from gradcheck.judging.evidence import COARSEST, SOUGHT, Evidence, Resolved
from gradcheck.judging.exhibits import exhibit
from gradcheck.judging.hessians import gradient_subject
from gradcheck.judging.kinks import at_kinks
from gradcheck.judging.precision import lossy, own_rounding
from gradcheck.judging.screening import BOTH, Screened, Test, alone, moving, screen, singly
from gradcheck.oracle.directions import finish, magnitudes, scales
from gradcheck.oracle.entry import overflows
from gradcheck.oracle.ladder import DOUBLE, SINGLE, Ladder, Line
from gradcheck.oracle.layout import Leaf
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
    (verdict,) = judge_all(rule, [(values, case)], bindings, contracts=contracts, table=table)
    return verdict


def judge_all(
    rule: Rule,
    points: Sequence[tuple[Mapping[str, Any], Case]],
    bindings: Bindings,
    *,
    contracts: bool = True,
    table: bool = False,
    thorough: bool = True,
) -> list[Verdict]:
    """The verdicts on ``rule`` at several points of the same sizes; contracts at the first.

    Without ``thorough``, a second line is looked along only where the first has left something, or
    resolves little: there are many points.
    """
    judgements = [
        _Judgement(rule, values, bindings, case, contracts and k == 0, table, thorough)
        for k, (values, case) in enumerate(points)
    ]
    with np.errstate(all="ignore"):
        for judgement in judgements:
            judgement.attempt(judgement.prepare)
        _screened([j.context for j in judgements if j.open and j.context is not None], thorough)
        for judgement in judgements:
            if judgement.open:
                judgement.attempt(judgement.conclude)
            if judgement.reads_what_was_left():
                judgement.in_order()
        return [judgement.verdict for judgement in judgements if judgement.verdict is not None]


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
        self.thorough, self.fine = thorough, FINE if thorough else FINE_OF_MANY
        self.subject: Subject | None = None
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
        except SetAside as aside:
            self.verdict = Verdict(
                Status.UNDECIDED, cause=aside.cause, reason=aside.message, **self._about()
            )
        except Violation as violation:
            self.verdict = self._violated(violation)

    def prepare(self) -> None:
        """The function and the claim at the point, and what is asked of them before numbers."""
        self.subject, ladder = _subject(self.rule, self.values, self.bindings, self.case)
        self.subject.comes_first = self.comes_first
        if self.contracts:
            repeatable_function(self.subject)
        claim = claim_at(self.rule, self.subject, self.case)
        self.context = Context(
            self.rule, self.subject, claim, ladder, self.case, self.bindings, self.fine
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

        def ask() -> Any:
            try:
                return answer(u)
            except Violation:
                return None

        context.point.evaluate(subject.x + magnitudes(self.case.rng("away"), context.point.n))
        before = ask()
        try:
            subject._call(subject.values)
        except SetAside:
            return False
        after = ask()
        return after is not None and not (before is not None and np.array_equal(before, after))

    def in_order(self) -> None:
        """Judge once more, with the function called at the inputs before each call of the rule."""
        self.verdict, self.comes_first = None, True
        self.attempt(self.prepare)
        if self.open and self.context is not None:
            _screened([self.context])
            self.attempt(self.conclude)
        assert self.verdict is not None
        function = self.rule.derivation.name
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
        _settle(context)
        if self.table and context.evidence.wrong is not None:
            exhibit(context)
        alone = self.contracts and self.thorough and context.claim.remote is None
        known = context.evidence.wrong is None and alone and not self.subject.is_measured
        rounding = own_rounding(context, self.values) if known else None
        self.subject.require_unchanged(f"{self.rule.name} changes its input")
        verdict = _verdict(self.subject, context.claim, context.evidence, self._about())
        self.verdict = replace(
            verdict, rounding=rounding, notes=(*verdict.notes, *lossy(context, rounding))
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
            cause="contract",
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


def _screened(contexts: Sequence[Context], thorough: bool = True) -> None:
    """The cheap pass over claims that have something to say.

    Along a second line of large arrays, and without ``thorough`` of any, only where the first has
    left something or resolves little.
    """
    saying = [
        context
        for context in contexts
        if context.point.n and context.point.m and context.evidence.wrong is None
    ]
    for context in saying:
        evidence, count = context.evidence, len(context.subject.inputs.leaves)
        evidence.every, evidence.bulk = Resolved.of(count), Resolved.of(count)
    once = [context for context in saying if context.is_large or not thorough]
    twice = [context for context in saying if context not in once]
    for contexts_, scales_ in ((once, BOTH[:1]), (twice, BOTH)):
        for context, result in zip(contexts_, screen(contexts_, scales_), strict=True):
            context.screened = result
    unsure = [context for context in once if _unsure(context)]
    for context, result in zip(unsure, screen(unsure, BOTH[1:]), strict=True):
        context.screened = [*context.screened, *result] if isinstance(result, list) else result


def _unsure(context: Context) -> bool:
    """Whether the one line that was looked along is not enough."""
    screened = context.screened
    if isinstance(screened, Violation) or context.claim.is_partial:
        return False
    return not all(one.settled for one in screened) or bool(poorly_resolved(context))


def _settle(context: Context) -> None:
    """Everything after the cheap pass; raises the ``Violation`` that it has seen."""
    evidence, screened = context.evidence, context.screened
    if isinstance(screened, Violation):
        raise screened
    if evidence.wrong is not None:
        return
    kinked = np.zeros(context.point.m, bool)
    for one in screened:
        _compare(context, one, kinked)
        if evidence.wrong is not None:
            return
    if not kinked.any() and not evidence.undecided:
        for number in poorly_resolved(context):
            _focus(context, number, screened, kinked)
            if evidence.wrong is not None:
                return
    if not kinked.any() and not evidence.undecided:
        _doubt_zeros(context, kinked)
        if evidence.wrong is not None:
            return
    confined = evidence.decisive > COARSEST and context.confined.any()
    if evidence.kinks or evidence.undecided or kinked.any() or confined:
        at_kinks(context, kinked, _again)


def _doubt_zeros(context: Context, kinked: Mask) -> None:
    """Look at gradients that are claimed to be zero throughout, each by itself.

    Nothing of them shows beside others, and what drowns in the function's rounding agrees with 0.
    """
    evidence = context.evidence
    if context.point.n == 0 or not context.screened:
        return
    several = len(context.subject.inputs.leaves) > 1
    for leaf in _zeros(context):
        screened = context.screened[0] if leaf is None else moving(context.screened[0], leaf)
        found = context.imagined(screened.line, zero_will_do=True)
        if found is None and leaf is not None and several:
            if context.claim.pull is not None:
                _compare(context, alone(context, leaf), kinked)
            else:
                entries.doubt(context, screened.line, sharpen(context, screened))
        elif found is not None and found.value.any():
            doubts = imagine(context, screened)
            entries.doubt(context, screened.line, doubts)
            if doubts and evidence.wrong is None:
                evidence.undecided = said(
                    "the gradient is claimed to be zero; it is not, but is so small beside the "
                    "function's rounding that a rule's own rounding may explain it",
                    "声明梯度为零；实际并非如此，但它与函数的舍入相比太小，规则自身的舍入也可能造成这样的结果",
                )
        if evidence.wrong is not None:
            return


def _zeros(context: Context) -> list[Leaf | None]:
    """The inputs for which a gradient of zeros is claimed; None for all of them together."""
    leaves = [leaf for leaf in context.subject.inputs.leaves if leaf.stop > leaf.start]
    if context.claim.pull is not None:
        weights = context.weights
        return [leaf for leaf in leaves if weights is not None and not weights[leaf.slice].any()]
    sizes, gradients = context.typical[0].sizes, context.typical[0].gradients
    if not sizes.size:
        return [None]
    claimed = context.claim.entries
    if claimed is None or context.claim.is_partial:
        return []
    asked = np.zeros(context.point.n, bool)
    asked[claimed.columns] = True
    numbers = enumerate(context.subject.inputs.leaves)
    return [leaf for k, leaf in numbers if asked[leaf.slice].any() and k not in gradients]


def _again(beside: Context) -> None:
    """Judge a claim at a point beside as if it were a new one."""
    _screened([beside])
    _settle(beside)


def _compare(context: Context, screened: Screened, kinked: Mask) -> None:
    comparison, evidence = compare(context, screened), context.evidence
    kinked |= comparison.kinked
    if comparison.suspects:
        entries.settle(context, screened.line, comparison.suspects[0])
        undecided = evidence.undecided and evidence.wrong is None
        if undecided and not sharpen(context, screened, wide=True):
            evidence.undecided = ""
    elif not kinked.any():
        entries.doubt(context, screened.line, comparison.doubts)


def _focus(context: Context, number: int, screened: list[Screened], kinked: Mask) -> None:
    """Look closer at one gradient that is poorly resolved beside others: by itself, then better."""
    leaves = context.subject.inputs.leaves
    if context.claim.pull is not None and len(leaves) > 1:
        screened = [alone(context, leaves[number])]
        _compare(context, screened[0], kinked)
    elif len(leaves) > 1 and not context.claim.is_partial:
        screened = [*screened, *(moving(one, leaves[number]) for one in screened[:1])]
    if context.fine > FINE and number in context.evidence.bulk.lost:
        return  # one of many points: others show this gradient better
    # A step in the imaginary direction is the cheapest closer look, where one can be taken.
    for look in (imagine, sharpen):
        _look(context, number, screened, look, context.fine)
    found = context.sought.by_gradient
    coarse = context.evidence.wrong is None and found[number] > COARSEST
    listed = context.claim.pull is None and not context.claim.is_partial
    if coarse and listed and context.point.n <= SINGLY:
        # Entries of one row may differ in size: each by itself.
        by_input = singly(context)
        for one in by_input:
            if context.evidence.wrong is None:
                _compare(context, one, kinked)
        _look(context, number, by_input, imagine, COARSEST)
    _look(context, number, screened, functools.partial(sharpen, wide=True), COARSEST)
    # Along other lines the cheap pass may resolve just enough not to look any closer.
    found = context.sought.by_gradient
    found[number] = max(float(found[number]), context.fine)


def _look(
    context: Context,
    number: int,
    lines: Sequence[Screened],
    look: Callable[[Context, Screened], list[Test]],
    least: float,
) -> None:
    """Look closer along some lines, as long as a gradient is resolved to more than ``least``."""
    for one in lines:
        if context.evidence.wrong is None and context.sought.by_gradient[number] > least:
            entries.doubt(context, one.line, look(context, one))


def _lost(subject: Subject, evidence: Evidence) -> str:
    """Which gradients the function's own rounding hides; empty where it hides none."""
    lost = evidence.bulk.lost
    if lost:
        return said(
            "too small to be seen here: the gradient for {names}",
            "此处太小而看不出来：{names} 的梯度",
            names=", ".join(subject.inputs.leaves[k].label for k in lost),
        )
    found = evidence.every.by_gradient
    smaller = np.flatnonzero((found > COARSEST) & np.isfinite(found))
    if not smaller.size:
        return ""
    return said(
        "too small to be seen here: the smaller half of the gradient for {names}",
        "此处太小而看不出来：{names} 的梯度中较小的那一半元素",
        names=", ".join(subject.inputs.leaves[k].label for k in smaller),
    )


_SILENT = said("the claim says nothing here", "此处没有声明任何内容")
_HIDDEN = said(
    "the function's own rounding hides all of the gradient here",
    "函数自身的舍入在此掩盖了整个梯度",
)


def _verdict(subject: Subject, claim: Claim, evidence: Evidence, about: dict[str, Any]) -> Verdict:
    claimed = claim.entries
    silent = claimed is not None and (
        claimed.values.size == 0 or (claimed.mask is not None and not claimed.mask.any())
    )
    status, cause, reason = Status.PASS, "", _lost(subject, evidence)
    if evidence.wrong is not None:
        status, reason = Status.FAIL, evidence.reason
    elif silent or subject.x.size == 0 or subject.y.size == 0:
        status, cause, reason = Status.UNDECIDED, "silent", _SILENT
    elif evidence.undecided:
        status, cause, reason = Status.UNDECIDED, "measurement", evidence.undecided
    elif evidence.decisive > COARSEST:
        status, cause = Status.UNDECIDED, "coarse"
        reason = _HIDDEN
        if evidence.decisive < 1:
            reason = said(
                "an error of one entry would have been seen only if it were larger than "
                "{resolution:.0e} of it: the function's own rounding hides smaller ones here",
                "单个元素的误差只有超过其 {resolution:.0e} 才能看出："
                "更小的误差在此被函数自身的舍入掩盖",
                resolution=evidence.decisive,
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
        notes=(
            *subject.notes,
            *([subject.origin] if subject.origin and status is Status.FAIL else []),
            *claim.notes,
        ),
        probe=evidence.probe,
        quotients=evidence.quotients,
        **about,
    )
