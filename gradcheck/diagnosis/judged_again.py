"""A failing rule judged at further cases: under a condition, and without it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from gradcheck.answers import same
from gradcheck.case import Case
from gradcheck.diagnosis.evidence import Evidence
from gradcheck.diagnosis.samples import Sample, sample_at
from gradcheck.dims import Bindings
from gradcheck.errors import GradcheckError
from gradcheck.judging import judge
from gradcheck.verdict import Status

#: So many further cases are judged, with the condition and without it.
_MORE = 16
#: A condition is believed where luck explains no better that the rule is right under it.
_LUCK = 1e-3

#: What a case is made of by a condition; None where it cannot be.
Change = Callable[[Case, Bindings], Case | None]


def right_under(evidence: Evidence, change: Change) -> bool:
    """Whether the rule is right at changed cases, and says something there, as it else is not."""
    if any(s.failing and _holds(evidence, change, s.case) for s in evidence.samples):
        return False
    cases = [s.case for s in evidence.samples if not s.failing] + further(evidence)
    right = failed = elsewhere = 0
    for number, case in enumerate(cases):
        evidence.clock.check()
        changed = change(case, evidence.rule.derivation.accept(case.inputs)[1])
        if changed is None:
            continue
        found = outcome(evidence, changed)
        if found is Status.FAIL:
            return False
        if right == 0 and not _says_something(evidence, changed):
            if found is Status.PASS:
                return False
            continue
        right += found is Status.PASS
        if not same(list(changed.inputs.values()), list(case.inputs.values())):
            elsewhere += 1
            if number not in evidence.outcomes:
                evidence.outcomes[number] = outcome(evidence, case)
            failed += evidence.outcomes[number] is Status.FAIL
        if failed < elsewhere // 2:
            return False
    # How likely a rule is right at all of these by luck, if it is so as often as elsewhere.
    share = (elsewhere - failed + 1) / (elsewhere + 2)
    return bool(share**right <= _LUCK)


def wrong_under(evidence: Evidence, change: Change) -> bool:
    """Whether the rule is seen to be wrong at a changed case; of a domain that has none, it is."""
    found = []
    for case in further(evidence):
        evidence.clock.check()
        changed = change(case, evidence.rule.derivation.accept(case.inputs)[1])
        if changed is not None:
            found.append(outcome(evidence, changed))
            if found[-1] is Status.FAIL:
                return True
    return all(one is None for one in found)


def _holds(evidence: Evidence, change: Change, case: Case) -> bool:
    """Whether a case is already what a change would make of it."""
    changed = change(case, evidence.rule.derivation.accept(case.inputs)[1])
    return changed is not None and same(list(changed.inputs.values()), list(case.inputs.values()))


def further(evidence: Evidence) -> list[Case]:
    """Some cases at which nothing was measured yet."""
    evidence.more = list(itertools.islice(evidence.more, _MORE))
    return evidence.more


def fails(evidence: Evidence, case: Case) -> bool:
    """Whether the rule is seen to be wrong at a case."""
    return outcome(evidence, case) is Status.FAIL


def outcome(evidence: Evidence, case: Case) -> Status | None:
    """What comes of the rule at a case; None where that is none."""
    try:
        values, bindings = evidence.rule.derivation.accept(case.inputs)
        return judge(evidence.rule, values, bindings, case, contracts=False).status
    except GradcheckError:
        return None


def _says_something(evidence: Evidence, case: Case) -> bool:
    """Whether what is wrong elsewhere is known there, and not zero: any rule is right for that."""
    try:
        sample = sample_at(evidence.rule, case, evidence.clock)
    except GradcheckError:
        return False
    if sample is None:
        return False
    wrong = {view.name for view in evidence.views if view.wrong}
    views = [v for v in Evidence(sample.rule, [sample], evidence.clock).views if v.name in wrong]
    known = all(np.isfinite(pair.right).all() for view in views for pair in view.pairs)
    # What is zero but for rounding says nothing either.
    return bool(views) and known and not any(v.explains(lambda p: 2.0 * p.right) for v in views)


def resolves(evidence: Evidence, sample: Sample) -> bool:
    """Whether twice the right gradient would be told from it there."""
    wrong = {view.name for view in evidence.views if view.wrong}
    views = Evidence(sample.rule, [sample], evidence.clock).views
    return bool(views) and all(
        not view.explains(lambda pair: 2.0 * pair.right)
        for view in views
        if view.name in (wrong or {view.name})
    )


def is_wrong(evidence: Evidence, sample: Sample) -> bool:
    """Whether some number of the rule is measurably wrong at a point."""
    return any(view.wrong for view in Evidence(sample.rule, [sample], evidence.clock).views)
