"""Hints from the source of a layer: the edit of its own code after which a gradient is right."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.claims import Rule, Written
from gradcheck.diagnosis.evidence import Evidence
from gradcheck.diagnosis.inserting import insertions
from gradcheck.diagnosis.likelihood import told
from gradcheck.diagnosis.repair import is_remedy, likeliest, longest, mending, passes
from gradcheck.diagnosis.samples import Clock
from gradcheck.hints import Edit
from gradcheck.known_slips import known_slips
from gradcheck.source_edits import edits, renamings
from gradcheck.source_trees import Edit as Neighbour
from gradcheck.subject import Subject
from gradcheck.time_limit import Watch

#: At so many usual points gradients beside the one that is mended are looked at.
_BESIDE = 1
#: Of the edits of a layer so many that are right are enough.
_ENOUGH = 3


def rewrite(evidence: Evidence, written: Written, *, named: bool) -> tuple[str, Edit] | None:
    """The kind and the edit of a function that a rule calls after which the rule is right.

    What is missing in it is looked for last, and not at all where the mistake is ``named``.
    """
    function, beside, nested = written.function, written.beside, written.nested
    search, own, begun = _search_of(function), function.__code__, _seconds()
    call, evidence.clock = evidence.clock.call, Clock(max(min(search.left, _LONGEST), _SHORTEST))
    evidence.clock.lengthen(call)
    try:
        with Watch(longest(evidence)) as watch:
            # What mends one gradient of a layer often mends the others.
            if search.mended and (edit := _mended(evidence, search.mended, written, search, watch)):
                return edit
            once: list[Iterable[Neighbour]] = [
                known_slips(function, beside, nested),
                _edits(function, beside, nested),
                renamings(function, beside, nested),
            ]
            more = insertions(evidence, function, written.make, watch, beside=beside, nested=nested)
            for tried in itertools.chain(once, () if named else more):
                if (edit := _mended(evidence, tried, written, search, watch)) is not None:
                    return edit
        return None
    finally:
        function.__code__ = own  # should the time have been up in between
        search.left -= _seconds() - begun


@dataclass
class _Search:
    """What was found of a function: the edits that mend a gradient of it, and the time left."""

    mended: list[Neighbour] = field(default_factory=list)
    left: float = 5.0


#: Seconds that are spent on one gradient of a function, and those in which what mends another is
#: tried in any case.
_LONGEST, _SHORTEST = 3.0, 0.7
_seconds = time.thread_time


@functools.lru_cache(maxsize=8)
def _search_of(function: Any) -> _Search:
    """The search in a function, which goes on from gradient to gradient."""
    return _Search()


@functools.lru_cache(maxsize=8)
def _edits(function: Any, beside: tuple[str, ...], nested: bool) -> list[Neighbour]:
    """The neighbours of a function, which are the same for each gradient that is in it."""
    found = edits(function, beside=beside, nested=nested)
    return [edit for edit in found if is_remedy(edit)]


def _mended(
    evidence: Evidence,
    tried: Iterable[Neighbour],
    written: Written,
    search: _Search,
    watch: Watch,
) -> tuple[str, Edit] | None:
    """The likeliest of the first edits of a function after which a gradient is right.

    None of which another gradient would be wrong.
    """
    known = tried is search.mended
    spared = (
        survivor
        for survivor in mending(evidence, tried, written.make, watch)
        if known or _spares(evidence, written, survivor[0])
    )
    survivors = list(itertools.islice(spared, _ENOUGH))
    found = likeliest(evidence, survivors)
    if found is None:
        return None
    if not known:
        search.mended.append(found)
    return told(found)


def _spares(evidence: Evidence, written: Written, edit: Neighbour) -> bool:
    """Whether gradients beside the one that an edit mends are no worse with it."""
    cases = [sample.case for sample in evidence.samples if not sample.failing][:_BESIDE]
    pairs = zip(written.others(written.function), written.others(edit.function), strict=True)
    for before, after in pairs:
        changes = any(_answers(before, case) != _answers(after, case) for case in cases)
        if (
            changes
            and not passes(after, cases, evidence.clock)
            and passes(before, cases, evidence.clock)
        ):
            return False
    return True


def _answers(rule: Rule, case: Case) -> bytes:
    """What a rule gives for ones at a case, to be compared."""
    values, bindings = rule.derivation.accept(case.inputs)
    subject = Subject(rule.derivation, values, bindings, rule.wrt)
    leading = subject.outputs.restore(np.ones(subject.outputs.size)).values()
    try:
        return np.asarray(rule.call(list(leading), subject.names)).tobytes()
    except Exception as error:
        return repr(error).encode()
