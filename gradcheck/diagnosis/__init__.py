"""Which mistake a failing claim looks like.

Evidence is gathered only after a failure: the whole Jacobian is measured at the failing case and at
a few fresh ones of sizes that tell mistakes apart. A name is given only where it explains every
number at hand to within its measured bound; a wrong name is worse than none. What explains nearly
all of the wrong numbers is a guess, and told as one.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.claims import Identity, Rule
from gradcheck.diagnosis.chain import name_break
from gradcheck.diagnosis.evidence import Evidence, Guess, Usual, View, gather
from gradcheck.diagnosis.likelihood import KINDS
from gradcheck.diagnosis.pattern import Behaviour, Found, Pattern, behaviours, patterns
from gradcheck.diagnosis.repair import repair
from gradcheck.diagnosis.rewriting import rewrite
from gradcheck.diagnosis.samples import Clock, TooSlow
from gradcheck.hints import NOTHING, Edit, Mistake, Text
from gradcheck.verdict import Verdict

#: Seconds that a diagnosis may compute.
SECONDS = 3.0
#: How many fresh cases are looked at.
FRESH = 3
#: Of the time one mistake is looked for, in one gradient, in no more than this share.
_ONE = 0.3
#: And all of them in the numbers alone, where code may tell more, in this share.
_OF_NUMBERS = 0.7

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
    proving: Callable[[], Iterable[Case]] = tuple,
) -> Diagnosis:
    """Name the mistake of a claim that fails at the case of ``verdict``.

    ``fresh`` are further cases, of which up to ``most`` are looked at. ``plain`` is the function
    inside a rule that was not declared, and what makes a rule of another. ``proving`` gives cases
    at which a remedy has to be right, too. Never raises: where something goes wrong, no name is
    found, and the reason is logged.
    """
    clock = Clock(seconds)
    if verdict.cause == "function" or verdict.title == "wrong kind":
        return Diagnosis()  # the rule has not even been asked, or is of what there is not
    try:
        if isinstance(claim, Identity):
            if verdict.cause != "identity" or verdict.case is None:
                return Diagnosis()
            cases = [verdict.case, *itertools.islice(fresh, most)]
            with np.errstate(all="ignore"):
                return Diagnosis(tuple(name_break(claim, verdict, cases, clock, proving)))
        evidence = gather(claim, verdict.case, fresh, clock, most)
        evidence.proving = proving
        return _named(evidence, verdict.title, plain)
    except TooSlow:
        _log.debug("%s: no name found in %g seconds", claim.id, seconds)
    except Exception:
        _log.debug("%s: no name found", claim.id, exc_info=True)
    return Diagnosis()


def _named(
    evidence: Evidence, title: str, plain: tuple[Any, Callable[[Any], Rule]] | None
) -> Diagnosis:
    """What the evidence shows, as far as time allows: names, an edit, or when the rule is right."""
    mistakes: list[Mistake] = []
    where = NOTHING
    evidence.clock.share = _OF_NUMBERS
    with contextlib.suppress(TooSlow), np.errstate(all="ignore"):
        first = _behaviour(evidence, title, range(_FIRST))
        if first is not None:
            mistakes = [first]
        else:
            wrong = [view for view in evidence.views if view.wrong]
            right = [view for view in evidence.views if not view.wrong]
            where = _where(evidence, wrong, right)
            mistakes = _patterns(evidence, wrong)
            if not mistakes and (bent := _behaviour(evidence, title, range(_FIRST, _LAST))):
                mistakes = [bent]
    evidence.clock.share = 1.0
    # What edits the code of a layer has a time of its own.
    with contextlib.suppress(TooSlow), np.errstate(all="ignore"):
        # What a rule keeps from call to call, or does to its inputs, only seems to be mended.
        kept = any(mistake.id in _NOT_MENDED for mistake in mistakes)
        special = any(mistake.id.startswith("special") for mistake in mistakes)
        said = any(mistake.id not in (*_OF_GROUPS, *_CONDITIONS) for mistake in mistakes)
        edit = None if kept else _repaired(evidence, plain, said, special)
        if edit is not None:
            named = Mistake(f"edit-{edit[0]}", KINDS[edit[0]])
            if mistakes and not _says_less(mistakes[0], *edit):
                named = mistakes[0]
            others = (one for one in mistakes[1:] if not _says_less(one, *edit))
            mistakes = [replace(named, edit=edit[1]), *others]
        if not mistakes:
            last = _behaviour(evidence, title, range(_LAST, _END))
            mistakes = [last] if last is not None else _guesses(evidence)
    return Diagnosis(tuple(mistakes), where)


def _patterns(evidence: Evidence, wrong: list[View]) -> list[Mistake]:
    """The mistakes in the numbers of each gradient, those of one kind together.

    As far as there is time: what is known of some gradients is told.
    """
    found: dict[tuple[str, Text], tuple[Pattern, Found, list[str]]] = {}
    with contextlib.suppress(TooSlow):
        for view in wrong:
            if (first := _pattern(evidence, view)) is not None:
                pattern, seen = first
                key = (seen.id or pattern.id, _filled(seen.title or pattern.title, seen))
                found.setdefault(key, (pattern, seen, []))[2].append(view.name)
    return [_mistake(evidence, pattern, seen, names) for pattern, seen, names in found.values()]


def _pattern(evidence: Evidence, view: View) -> tuple[Pattern, Found] | None:
    """The first pattern that is found in one gradient."""
    usual = Usual(view)
    for one in (view, *([usual] if usual.tells else [])):
        for pattern in patterns():
            if view.shows_usual or pattern.special:
                seen = _tried(pattern, evidence.clock, one, evidence)
                if seen is not None:
                    return pattern, seen
    return None


def _guesses(evidence: Evidence) -> list[Mistake]:
    """For each gradient the mistake that explains most of it, where one explains enough."""
    mistakes = []
    for view in evidence.views:
        if not view.wrong:
            continue
        best: tuple[Pattern, Found] | None = None
        for pattern in (p for p in patterns() if not p.fitted):
            guess = Guess(view.name, view.pairs)
            seen = _tried(pattern, evidence.clock, guess, evidence)
            if seen is not None and guess.share > (best[1].explained if best else 0.0):
                best = pattern, replace(seen, explained=guess.share)
        if best is not None:
            mistakes.append(_mistake(evidence, *best, [view.name]))
    return sorted(mistakes, key=lambda mistake: -mistake.explained)


def _behaviour(evidence: Evidence, title: str, ranks: range) -> Mistake | None:
    for behaviour in behaviours():
        if behaviour.rank in ranks and (evidence.samples or behaviour.rank < _FIRST):
            seen = _tried(behaviour, evidence.clock, evidence, title)
            if seen is not None:
                return _behaving(behaviour, seen)
    return None


def _repaired(
    evidence: Evidence,
    plain: tuple[Any, Callable[[Any], Rule]] | None,
    named: bool,
    special: bool,
) -> tuple[str, Edit] | None:
    """The edit that mends the rule, if there is one."""
    if not evidence.samples:
        return None
    try:
        written = evidence.rule.written() if plain is None else None
        if written is None:
            return repair(evidence, plain, special=special)
        return None if special else rewrite(evidence, written, named=named)
    except TooSlow:
        raise
    except Exception:
        _log.debug("%s: no repair found", evidence.rule.id, exc_info=True)
        return None


def _tried(record: Pattern | Behaviour, clock: Clock, *given: Any) -> Found | None:
    """What a record of the catalogue finds; nothing where it fails: the others are still asked.

    And where it takes too long: time is left for the others, and for what is written in the code.
    """
    try:
        with clock.within(_ONE):
            return record.find(*given)
    except TooSlow:
        if clock.is_over:
            raise
        return None
    except Exception:
        _log.debug("pattern %s fails", record.id, exc_info=True)
        return None


#: Behaviours of a rank below the first are told instead of wrong numbers, those below the second
#: where these have no name, the others where no edit mends the rule either.
_FIRST, _LAST, _END = 10, 30, 100
#: Behaviours that no edit of a formula mends: added up from call to call, in place, another answer
#: to each call.
_NOT_MENDED = ("only-size", "M33-kept", "M55", "M56", "M57")


def _says_less(mistake: Mistake, kind: str, edit: Edit) -> bool:
    """Whether what the numbers look like is less than what an edit of a ``kind`` says.

    What is overwritten is zero, or right somewhere; what lacks a number is off by what may be a
    mean, and what lacks a term by what may have been overwritten. What lacks a factor may be what
    another one would make, or be right where the factor is 1.
    """
    if kind == "scatter" or mistake.id == "special-somewhere":
        return True
    if mistake.id == "special":
        return False  # where it is wrong is told beside the edit
    if mistake.id == "swap":
        return kind not in ("order", "variable")  # as a sign makes one gradient of another
    if kind == "in-place":
        return mistake.id not in _OVERWRITTEN
    if not kind.startswith("missing"):
        return False
    pairs = zip(edit.before, edit.after, strict=False)
    same = sum(1 for _ in itertools.takewhile(lambda two: two[0] == two[1], pairs))
    names = re.search(r"[^\W\d]", edit.after[same : same + len(edit.after) - len(edit.before)])
    says = (*_OVERWRITTEN, *_OTHERWISE, *_CONDITIONS)
    return mistake.id in says or (mistake.id in _OF_GROUPS and names is None)


#: Names of what is overwritten, and of what is off by one number for each group.
_OVERWRITTEN = ("M35", "M49", "M54")
_OF_GROUPS = ("M30", "rank-one", "rank-one-input")
#: Names of what stands in the place of something else, where something more is right.
_OTHERWISE = ("M14", "M15", "M32", "M53", "M59", "label-only")
#: Names of when a rule is right, which do not say what is wrong with it.
_CONDITIONS = (
    "only-one",
    "only-sign",
    "M31",
    "M1-symmetric",
    "M41",
    "symmetric-upstream",
    "nonlinear",
)


def _filled(text: Text, found: Found) -> Text:
    return text.format(**found.values)


def _mistake(evidence: Evidence, pattern: Pattern, found: Found, names: list[str]) -> Mistake:
    title = _filled(found.title or pattern.title, found)
    if evidence.rule.kind == "hessian":
        title = Text(title.en.replace("Jacobian", "Hessian"), title.zh.replace("雅可比", "黑塞"))
    label = labels(evidence.rule, names)
    return Mistake(
        found.id or pattern.id,
        Text(f"{label.en}: {title.en}", f"{label.zh}：{title.zh}"),
        _filled(pattern.explanation if found.explanation is None else found.explanation, found),
        _filled(pattern.remedy if found.remedy is None else found.remedy, found),
        (*(pattern.same if found.title is None else ()), *found.more),
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
    return Text("wrong: {bad}; right: {good}", "有误：{bad}；正确：{good}").format(
        bad=bad, good=good
    )
