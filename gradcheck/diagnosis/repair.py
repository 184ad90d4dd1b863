"""Hints from the source: the one-token neighbour of a rule, or of an expression, that is right."""

from __future__ import annotations

import ast
import contextlib
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.answers import copy_of
from gradcheck.arguments import Real
from gradcheck.case import Case
from gradcheck.claims import Identity, Rule
from gradcheck.diagnosis.evidence import Evidence, Pair, View, is_far, numbers_of
from gradcheck.diagnosis.inserting import insertions
from gradcheck.diagnosis.likelihood import LIKELIEST, likelihood, telling, told
from gradcheck.diagnosis.samples import Answer, Clock, Floats, Sample, TooSlow, reask
from gradcheck.errors import DeclarationError
from gradcheck.forward_values import forward_values
from gradcheck.hints import Edit
from gradcheck.identities import is_slight, judge_identity
from gradcheck.insertions import Candidate, Trial
from gradcheck.judging import judge
from gradcheck.known_slips import known_slips
from gradcheck.missing_parts import LEVELS
from gradcheck.sides import expressions
from gradcheck.source_edits import each_edit, edits, renamings
from gradcheck.source_trees import Edit as Neighbour
from gradcheck.time_limit import TimeUp, Watch
from gradcheck.verdict import Measured, Status, Verdict

#: Where more neighbours than this are right, the claim hardly looks at what they change.
_MOST = 4
#: At so many fresh points beside those that prove it a remedy has to be right.
_FRESH = 4
#: So many of those prove a remedy of a slow function if there is no time for more.
_ENOUGH_OF_SLOW = 10
#: The neighbours are tried in this share of the time that is left: one has to be proved as well.
_OF_NEIGHBOURS = 0.6
#: Neighbours of these kinds are no remedies: they change arrays in place.
NO_REMEDY = ("in-place",)
#: A neighbour may take so many times as long as the rule, and so many seconds in any case.
_SLOWER = 20.0
_SHORTEST = 0.2

#: What may be missing in a side of a chain.
_SIMPLE = LEVELS[:2]
#: Expressions that differ by more than this share are not equal: that needs no judgement.
_NEAR = 1e-3


def repair(
    evidence: Evidence,
    plain: tuple[Any, Callable[[Any], Rule]] | None = None,
    *,
    special: bool = False,
) -> tuple[str, Edit] | None:
    """The kind and the edit after which the rule is right at every point; None without one.

    Neighbours are compared with what was measured, which costs no evaluation of the function; what
    is left is judged by the engine. ``plain`` is the function inside a rule that was not declared,
    and what makes a rule of another. What is wrong at ``special`` values alone is mended by
    whatever changes these: there only slips are looked for that are known as such.
    """
    rule = evidence.rule
    function, make = plain or (rule.function, lambda edited: _edited(rule, edited))
    with Watch(longest(evidence)) as watch:
        known = known_slips(function, special=special)
        found = likeliest(evidence, [*mending(evidence, known, make, watch)])
        if found is None and special:
            return None
        if found is None:
            survivors = _by_one_token(evidence, function, make, watch)
            if survivors is None:
                return None
            found = likeliest(evidence, survivors)
        if found is None:
            again = *forward_values(function, rule.derivation.function), *renamings(function)
            found = likeliest(evidence, [*mending(evidence, again, make, watch)])
        if found is None:
            for more in insertions(evidence, function, make, watch):
                found = likeliest(evidence, [*mending(evidence, more, make, watch)])
                if found is not None:
                    break
    return None if found is None else told(found)


def _by_one_token(
    evidence: Evidence, function: Any, make: Callable[[Any], Rule], watch: Watch
) -> list[tuple[Neighbour, Rule]] | None:
    """The one-token neighbours that agree with what was measured; None of too many.

    Where there is no time for all of them, those that were found by then.
    """
    survivors: list[tuple[Neighbour, Rule]] = []
    tried = (edit for edit in each_edit(function, first=LIKELIEST) if is_remedy(edit))
    try:
        with evidence.clock.within(_OF_NEIGHBOURS * evidence.clock.left):
            for survivor in mending(evidence, tried, make, watch):
                survivors.append(survivor)
                if len(survivors) > _MOST:
                    # Those that are right by accident are not so elsewhere.
                    survivors = [one for one in survivors if _proved(one[1], evidence)]
                if len(survivors) > _MOST:
                    return None
    except TooSlow:
        if evidence.clock.is_over and not survivors:
            raise
    return survivors


def is_remedy(edit: Neighbour) -> bool:
    """Whether an edit does not change an array in place, but for adding up what was overwritten."""
    if edit.kind not in NO_REMEDY:
        return True
    before, after = (text.replace(" ", "") for text in (edit.before, edit.after))
    return after == before.replace("=", "+=", 1) != before


def mending(
    evidence: Evidence,
    tried: Iterable[Neighbour],
    make: Callable[[Any], Rule],
    watch: Watch,
) -> Iterator[tuple[Neighbour, Rule]]:
    """The edits of a function after which the rule that is made of it is as was measured."""
    for edit in tried:
        evidence.clock.check()
        with contextlib.suppress(DeclarationError):
            changed = make(edit.function)
            if changed.problem is None and agrees_in_time(evidence, changed, watch):
                yield edit, changed


def likeliest(evidence: Evidence, survivors: Sequence[tuple[Neighbour, Rule]]) -> Neighbour | None:
    """The likeliest edit of which the engine finds nothing wrong, anywhere."""
    cases = [sample.case for sample in evidence.samples]
    for edit, changed in sorted(telling(survivors), key=lambda one: likelihood(one[0])):
        if passes(changed, cases, evidence.clock) and _proved(changed, evidence):
            return edit
    return None


def _edited(rule: Rule, function: Any) -> Rule:
    where = rule.where.function if rule.where is not None else None
    wrt = () if rule.joint else rule.wrt
    changed = Rule(function, rule.derivation, rule.kind, wrt, where, register=False)
    changed.file, changed.line = rule.file, rule.line
    return changed


def _agrees(evidence: Evidence, rule: Rule) -> bool:
    """Whether the rule's answers are those that were measured, at every point."""
    for sample in evidence.samples:
        changed = replace(sample, rule=rule)
        for u, answer in reask(changed, sample.answers):
            if not _right(changed, u, answer):
                return False
    return True


def longest(evidence: Evidence) -> float:
    """How many seconds a neighbour may take: one that loops over what it appends to has no end."""
    began = time.perf_counter()
    _agrees(evidence, evidence.rule)
    return max(_SHORTEST, _SLOWER * (time.perf_counter() - began))


def agrees_in_time(evidence: Evidence, rule: Rule, watch: Watch) -> bool:
    """Whether a rule's answers are those that were measured, and come in time."""
    with contextlib.suppress(TimeUp), watch.lap():
        return _agrees(evidence, rule)
    return False


def _right(sample: Sample, u: Any, answer: Answer) -> bool:
    if answer.parts is None:
        return False
    pairs = [Pair(sample, number, u, answer) for number in range(len(sample.inputs.leaves))]
    # Most are far off, which takes no closer look.
    if any(map(is_far, pairs)):
        return False
    return all(not View(pair.leaf.name, [pair]).wrong for pair in pairs)


def passes(rule: Rule, cases: Iterable[Case], clock: Clock, enough: float = np.inf) -> bool:
    """Whether the engine finds nothing wrong with it; at so many cases it may run out of time."""
    passed = False
    for number, case in enumerate(cases):
        try:
            clock.check()
        except TooSlow:
            if number < enough:
                raise
            break
        values, bindings = rule.derivation.accept(case.inputs)
        verdict = judge(rule, values, bindings, case)
        if verdict.status is Status.FAIL:
            return False
        passed |= verdict.status is Status.PASS
    return passed


def _proved(rule: Rule, evidence: Evidence) -> bool:
    """Whether it is right at points that had no part in its choice, too.

    What mends a rule at a few usual ones may be right in the one region in which they lie.
    """
    further, evidence.more = itertools.tee(evidence.more)
    fresh = (*itertools.islice(further, _FRESH), *evidence.proving())
    enough = _ENOUGH_OF_SLOW if evidence.clock.is_slow else len(fresh) // 2
    if fresh and not passes(rule, fresh, evidence.clock, enough):
        return False
    # What a branch was for is often a zero, which few cases have.
    with contextlib.suppress(TooSlow):
        return _holds_at_zeros(rule, evidence)
    return True


def _holds_at_zeros(rule: Rule, evidence: Evidence) -> bool:
    """Whether it is not wrong with zeros for one input after the other, in its domain."""
    for sample in evidence.samples:
        for name, argument in rule.derivation.arguments.items():
            if type(argument) is Real:
                evidence.clock.check()
                inputs = {**sample.case.inputs, name: 0 * sample.case.inputs[name]}
                values, bindings = rule.derivation.accept(inputs)
                case = sample.case.with_inputs(inputs)
                inside = argument.contains(values[name], bindings, inputs)
                if inside and judge(rule, values, bindings, case).status is Status.FAIL:
                    return False
    return True


def repair_chain(
    identity: Identity,
    sides: Sequence[int],
    cases: Sequence[Case],
    clock: Clock,
    proving: Callable[[], Iterable[Case]] = tuple,
    *,
    inserting: bool = False,
) -> tuple[int, str, Edit] | None:
    """The side, the kind and the edit after which a chain of equalities holds at every case.

    The first of the ``cases`` is the one at which it breaks. Edits of the ``sides`` alone are
    tried, in order, of one token or those ``inserting`` what is missing; what holds there has to
    hold at the cases that ``proving`` gives, too.
    """
    fresh: list[Case] | None = None
    once = ((side, edits(identity.function, side)) for side in sides)
    shown = _telling(identity, cases)
    more = ((side, tried) for side in sides for tried in _inserted(identity, side, shown))
    for side, tried in more if inserting else once:
        found: list[tuple[Neighbour, Identity]] = []
        for edit in tried:
            clock.check()
            if edit.kind in NO_REMEDY or _is_copy(identity, edit):
                continue
            changed = _chain(identity, edit.function)
            if changed is not None and _mends(identity, changed, side, cases):
                found.append((edit, changed))
        if found and (inserting or len(found) <= _MOST):
            fresh = list(proving()) if fresh is None else fresh
            for edit, changed in sorted(found, key=lambda one: likelihood(one[0])):
                if _unbroken(changed, fresh, clock):
                    return side, edit.kind, Edit(edit.line, edit.before, edit.after)
    return None


def _telling(identity: Identity, cases: Sequence[Case]) -> Case:
    """The case of most numbers at which a chain breaks: at the smallest much would mend it."""
    broken = [case for case in cases if not _nearly(sides_at(identity, case))]
    return max(broken, key=numbers_of, default=cases[0])


def _inserted(identity: Identity, side: int, case: Case) -> Iterator[list[Neighbour]]:
    """The edits that put what is missing into a side, after which the chain holds nearly."""
    try:
        trial = Trial(identity.function, expression=side)
    except (OSError, TypeError, ValueError, SyntaxError, LookupError):
        return
    hooked = _chain(identity, trial.function)
    if hooked is None:
        return
    with trial.watching():
        sides_at(hooked, case)

    def holds() -> bool:
        return _nearly(sides_at(hooked, case))

    for level in _SIMPLE:
        found: list[Candidate] = []
        for number, seen in enumerate(trial.seen):
            if seen.times and seen.value is not None:
                found += trial.running_with(number, level.quantities, holds)
                found += trial.running_in(number, level.forms, holds)
                if level is LEVELS[0]:
                    wider = [quantity for quantity in level.quantities if quantity.others]
                    found += trial.running_with(number, wider, holds, wider=True)
        yield list(trial.edits(found))


def _chain(identity: Identity, function: Any) -> Identity | None:
    """The chain with its function edited; None where that is none."""
    try:
        changed = Identity(function, identity.arguments, register=False)
    except DeclarationError:
        return None
    changed.options = identity.options
    return changed if changed.problem is None else None


def _mends(identity: Identity, changed: Identity, side: int, cases: Sequence[Case]) -> bool:
    """Whether an edit of a side moves it where the chain breaks, and the chain then holds."""
    sides = sides_at(changed, cases[0])
    if not _nearly(sides) or not _moves(identity, sides, side, cases[0]):
        return False
    return all(_judged(changed, case).status is Status.PASS for case in cases)


def _moves(identity: Identity, sides: list[Floats] | None, side: int, case: Case) -> bool:
    """Whether a side has another value than before, beyond what rounding explains.

    Another sum of what is a number already, another transpose or a zero added changes nothing but
    how much rounding is allowed for.
    """
    before = sides_at(identity, case)
    if before is None or sides is None:
        return True
    try:
        # As in a chain, a number stands for an array of it.
        off = float(np.abs(before[side] - sides[side]).max(initial=0.0))
    except ValueError:
        return True
    return not is_slight(off, before[side], sides[side], *identity.accept(case.inputs)[0].values())


def _unbroken(changed: Identity, cases: Iterable[Case], clock: Clock) -> bool:
    """Whether a chain breaks at no case; where it overflows, say, nothing is seen."""
    for case in cases:
        clock.check()
        if _judged(changed, case).status is Status.FAIL:
            return False
    return True


def _judged(identity: Identity, case: Case) -> Verdict:
    values, bindings = identity.accept(case.inputs)
    return judge_identity(identity, values, bindings, case, contracts=False)


def sides_at(identity: Identity, case: Case) -> list[Floats] | None:
    """The values of the expressions of a chain; None where one is no finite number."""
    values, _ = identity.accept(case.inputs)
    try:
        with np.errstate(all="ignore"):
            raw = identity.function(**{name: copy_of(value) for name, value in values.items()})
            arrays = [np.asarray(s.value if isinstance(s, Measured) else s, float) for s in raw]
    except Exception:
        return None
    return arrays if all(np.isfinite(array).all() for array in arrays) else None


def _nearly(sides: list[Floats] | None) -> bool:
    """Whether all expressions are nearly equal: others need not be judged."""
    if sides is None:
        return False
    size = max(np.abs(side).max(initial=0.0) for side in sides)
    try:
        return all(bool(np.all(np.abs(s - sides[0]) <= _NEAR * size)) for s in sides[1:])
    except ValueError:
        return False


def _is_copy(identity: Identity, edit: Neighbour) -> bool:
    """Whether an edit makes two sides of a chain the same text, so that it says nothing."""
    texts = expressions(identity)
    text = edit.after.removeprefix("return ").replace(".T.T", "").rstrip().rstrip(",")
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        return False
    if isinstance(tree, ast.Tuple):
        return len({ast.unparse(part) for part in tree.elts}) < len(tree.elts)
    return ast.unparse(tree) in texts
