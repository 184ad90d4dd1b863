"""Which mistake a failing claim looks like.

Evidence is gathered only after a failure: the whole Jacobian is measured at the failing case and at
a few fresh ones of sizes that tell mistakes apart. A name is given only where it explains every
number at hand to within its measured bound; a wrong name is worse than none.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from gradcheck.case import Case
from gradcheck.claims import Identity, Rule
from gradcheck.diagnosis.chain import name_break
from gradcheck.diagnosis.evidence import Clock, Evidence, TooSlow, View, gather
from gradcheck.diagnosis.pattern import Behaviour, Found, Pattern, behaviours, patterns
from gradcheck.diagnosis.repair import KINDS, repair
from gradcheck.hints import NOTHING, Mistake, Text
from gradcheck.verdict import Verdict

#: Seconds that a diagnosis may take.
SECONDS = 4.0
#: How many fresh cases are looked at.
FRESH = 3

_log = logging.getLogger("gradcheck.diagnosis")


@dataclass(frozen=True)
class Diagnosis:
    """The mistakes that were named, the best first, and which gradients are wrong at all."""

    mistakes: tuple[Mistake, ...] = ()
    where: Text = NOTHING


def diagnose(
    claim: Rule | Identity,
    verdict: Verdict,
    fresh: Iterable[Case],
    *,
    seconds: float = SECONDS,
    most: int = FRESH,
    plain: tuple[Any, Callable[[Any], Rule]] | None = None,
) -> Diagnosis:
    """Name the mistake of a claim that fails at the case of ``verdict``.

    ``fresh`` are further cases, of which up to ``most`` are looked at. ``plain`` is the function
    inside a rule that was not declared, and what makes a rule of another. Never raises: where
    something goes wrong, no name is found, and the reason is logged.
    """
    clock = Clock(seconds)
    try:
        if isinstance(claim, Identity):
            if verdict.cause != "identity" or verdict.case is None:
                return Diagnosis()
            cases = [verdict.case, *itertools.islice(fresh, most)]
            return Diagnosis(tuple(name_break(claim, verdict, cases, clock)))
        evidence = gather(claim, verdict.case, fresh, clock, most)
        diagnosis = name(evidence, verdict.title)
        return _with_repair(diagnosis, evidence, plain)
    except TooSlow:
        _log.debug("%s: no name found in %g seconds", claim.id, seconds)
    except Exception:
        _log.debug("%s: no name found", claim.id, exc_info=True)
    return Diagnosis()


def _with_repair(
    diagnosis: Diagnosis, evidence: Evidence, plain: tuple[Any, Callable[[Any], Rule]] | None
) -> Diagnosis:
    """The diagnosis with the edit that mends the rule, if there is one."""
    if not evidence.samples:
        return diagnosis
    try:
        found = repair(evidence, plain)
    except TooSlow:
        found = None
    except Exception:
        _log.debug("%s: no repair found", evidence.rule.id, exc_info=True)
        found = None
    if found is None:
        return diagnosis
    kind, edit = found
    first = Mistake(f"edit-{kind}", KINDS[kind], edit=edit)
    if diagnosis.mistakes:
        first = replace(diagnosis.mistakes[0], edit=edit)
    return replace(diagnosis, mistakes=(first, *diagnosis.mistakes[1:]))


def name(evidence: Evidence, title: str) -> Diagnosis:
    """The mistakes that explain the evidence."""
    mistakes: list[Mistake] = []
    found: dict[tuple[str, Text], tuple[Pattern, Found, list[str]]] = {}
    wrong: list[View] = []
    right: list[View] = []
    try:
        for behaviour in behaviours():
            if behaviour.rank < _FIRST:
                seen = _tried(behaviour, evidence, title)
                if seen is not None:
                    return Diagnosis((_behaving(behaviour, seen),))
        for view in evidence.views:
            (wrong if view.wrong else right).append(view)
        for view in wrong:
            for pattern in patterns():
                seen = _tried(pattern, view, evidence)
                if seen is not None:
                    key = (seen.id or pattern.id, _filled(seen.title or pattern.title, seen))
                    found.setdefault(key, (pattern, seen, []))[2].append(view.name)
                    break
        mistakes += [
            _mistake(evidence, pattern, seen, names) for pattern, seen, names in found.values()
        ]
        if not mistakes and evidence.samples:
            for behaviour in behaviours():
                if behaviour.rank >= _FIRST and (seen := _tried(behaviour, evidence, title)):
                    mistakes.append(_behaving(behaviour, seen))
                    break
    except TooSlow:
        _log.debug("%s: out of time", evidence.rule.id)
    return Diagnosis(tuple(mistakes), _where(evidence, wrong, right))


def _tried(record: Pattern | Behaviour, *given: Any) -> Found | None:
    """What a record of the catalogue finds; nothing where it fails: the others are still asked."""
    try:
        return record.find(*given)
    except TooSlow:
        raise
    except Exception:
        _log.debug("pattern %s fails", record.id, exc_info=True)
        return None


#: Behaviours of a rank below this are told instead of wrong numbers, the others after them.
_FIRST = 10


def _filled(text: Text, found: Found) -> Text:
    return text.format(**found.values)


def _mistake(evidence: Evidence, pattern: Pattern, found: Found, names: list[str]) -> Mistake:
    title = _filled(found.title or pattern.title, found)
    label = labels(evidence.rule, names)
    return Mistake(
        found.id or pattern.id,
        Text(f"{label.en}: {title.en}", f"{label.zh}:{title.zh}"),
        _filled(pattern.explanation if found.explanation is None else found.explanation, found),
        _filled(pattern.remedy if found.remedy is None else found.remedy, found),
        pattern.same if found.title is None else (),
        tuple(names),
        found.explained,
    )


def _behaving(behaviour: Behaviour, found: Found) -> Mistake:
    return Mistake(
        found.id or behaviour.id,
        _filled(found.title or behaviour.title, found),
        _filled(found.explanation or behaviour.explanation, found),
        _filled(found.remedy or behaviour.remedy, found),
        behaviour.same if found.title is None else (),
    )


def labels(rule: Rule, names: list[str]) -> Text:
    """What the claimed derivatives with respect to some inputs are called."""
    match rule.kind:
        case "vjp":
            text = ", ".join(f"d{name}" for name in names)
        case "jvp":
            text = ", ".join(f"d{name}" for name in names)
        case "hessian":
            return Text("the Hessian", "黑塞矩阵")
        case "jacobian":
            return Text("the Jacobian", "雅可比矩阵")
        case _:
            output = rule.derivation.options.output[0]
            text = ", ".join(f"∂{output}/∂{name}" for name in names)
    return Text(text, text)


def _where(evidence: Evidence, wrong: list[View], right: list[View]) -> Text:
    """Which gradients are wrong, where some are right."""
    if not wrong or not right:
        return NOTHING
    bad = labels(evidence.rule, [view.name for view in wrong])
    good = labels(evidence.rule, [view.name for view in right])
    return Text("wrong: {bad}; right: {good}", "有误:{bad};正确:{good}").format(bad=bad, good=good)
