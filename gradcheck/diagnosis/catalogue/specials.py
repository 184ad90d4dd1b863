"""Rules that are right at usual values: at which others they are wrong, as far as that can be told.

The failing case is made usual one number at a time. What makes the rule right there is where it is
wrong; whether a condition merely holds at that case says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.diagnosis.catalogue.regions import shortest
from gradcheck.diagnosis.evidence import Evidence
from gradcheck.diagnosis.factors import constant_near
from gradcheck.diagnosis.judged_again import fails, further, is_wrong, outcome, resolves
from gradcheck.diagnosis.pattern import Behaviour, Found, Text
from gradcheck.diagnosis.samples import Sample, TooSlow
from gradcheck.errors import GradcheckError
from gradcheck.judging import judge
from gradcheck.report.figures import subscript
from gradcheck.verdict import Status

#: So many numbers of the failing case are made usual, each by so many usual ones.
_MOST, _EACH = 12, 2
#: Where a rule is right at so many further cases, there may be no time for more.
_ENOUGH = 6
#: A number that is right this near to where it is wrong is special by itself.
_BESIDE = 2.0**-10
#: How often the place of a change is halved, and how near its ends then are.
_HALVINGS = 24
_NEAR = 1e-6
#: A branch shows at once: right before its edge the rule is off by at least this share.
_SHARP = 1e-3


@dataclass(frozen=True)
class _Entry:
    """One number of an input at a case; without an index the largest, with all others."""

    case: Case
    name: str
    index: tuple[int, ...] | None = None

    @property
    def value(self) -> float:
        """The number."""
        array = np.asarray(self.case.inputs[self.name])
        return float(np.abs(array).max() if self.index is None else array[self.index])

    @property
    def label(self) -> str:
        """What it is called."""
        return f"max |{self.name}|" if self.index is None else subscript(self.name, self.index)

    def at(self, value: float, also: Any = None) -> Case:
        """The case with another number there, and at all places that are marked by ``also``."""
        array = np.array(self.case.inputs[self.name])
        if self.index is None:
            array *= value / self.value
        else:
            array[self.index if also is None else also] = value
        changed = array if array.ndim else array[()]
        return self.case.with_inputs({**self.case.inputs, self.name: changed})


def special_values(evidence: Evidence, title: str) -> Found | None:
    """Wrong at the failing case alone: right at usual values of usual sizes."""
    failing = [s for s in evidence.samples if s.failing]
    usual = [s for s in evidence.samples if not s.failing]
    if not failing or any(is_wrong(evidence, s) for s in usual):
        return None
    if not any(resolves(evidence, s) for s in usual):
        return None  # nothing was seen to be right
    try:
        for number, case in enumerate(further(evidence)):
            if number >= _ENOUGH:
                evidence.clock.check()
            if fails(evidence, case):
                return None
        for entry in _entries(failing[0].case):
            for value in _usual_ones(entry, usual):
                evidence.clock.check()
                if outcome(evidence, entry.at(value)) is Status.PASS:
                    return _told(evidence, entry, value)
    except TooSlow:  # at which values, nobody knows
        return Found({"what": _SPECIAL}, id=_SOMEWHERE)
    return Found({"what": _SPECIAL}, id=_SOMEWHERE, explanation=_NOT_ONE)


def _entries(case: Case) -> Iterator[_Entry]:
    """Numbers of the failing case, the largest first; then whole arrays."""
    found = [
        _Entry(case, name, index)
        for name, value in case.inputs.items()
        if not isinstance(value, list) and np.asarray(value).dtype.kind == "f"
        for index in np.ndindex(np.shape(value))
    ]
    yield from sorted(found, key=lambda entry: -abs(entry.value))[:_MOST]
    whole = (_Entry(case, name) for name in dict.fromkeys(entry.name for entry in found))
    yield from (entry for entry in whole if np.size(case.inputs[entry.name]) > 1 and entry.value)


def _usual_ones(entry: _Entry, usual: list[Sample]) -> list[float]:
    """Usual values of an input, those of the sign of a number first."""
    values = [np.ravel(np.asarray(s.case.inputs[entry.name], float)) for s in usual]
    found = np.concatenate([np.zeros(0), *values])
    found = found[found != entry.value]
    if entry.index is None:
        found = np.abs(found[found != 0])
    return sorted(found.tolist(), key=lambda v: v * np.sign(entry.value) < 0)[:_EACH]


def _told(evidence: Evidence, entry: _Entry, good: float) -> Found:
    """Where it is wrong, of a number that makes the case right when it is a usual one."""
    bad = entry.value
    beside = bad + np.copysign(_BESIDE * max(abs(bad), abs(good)), good - bad)
    if outcome(evidence, entry.at(beside)) is not Status.FAIL and (
        bad == 0 or outcome(evidence, entry.at(bad + (beside - bad) / 2)) is not Status.FAIL
    ):
        return Found({"what": _alone(evidence, entry, good)})
    edge = _edge(evidence, entry, bad, good)
    worst = _discrepancy(evidence, entry.at(edge[0]))
    if worst >= min(_SHARP, _discrepancy(evidence, entry.case) / 2):
        place = shortest((min(edge), max(edge)))
        named = constant_near(place)
        number = f"{place:g} ({named})" if named else f"{place:g}"
        sign = ">" if bad > good else "<"
        where = f"{entry.label} {sign} {number}"
        return Found({"what": _WHERE.format(where=where)}, explanation=_THERE)
    small = abs(bad) < abs(good)
    what = (_SMALLER if small else _LARGER).format(label=entry.label)
    remedy = _ADDED if small else _NEARLY
    return Found({"what": what}, explanation=_MORE.format(number=f"{edge[1]:.2g}"), remedy=remedy)


def _alone(evidence: Evidence, entry: _Entry, good: float) -> Text:
    """What is special about one number, which is right right beside."""
    same = np.asarray(entry.case.inputs[entry.name]) == entry.value
    if entry.index is not None and same.sum() > 1:
        together = outcome(evidence, entry.at(good, same))
        if together is Status.FAIL:
            return _TIES
        if together is not Status.PASS or entry.value != 0:
            return _SPECIAL
    return _ZEROS if entry.index is not None and entry.value == 0 else _SPECIAL


def _edge(evidence: Evidence, entry: _Entry, bad: float, good: float) -> tuple[float, float]:
    """A number at which it is wrong, and one right beside at which it is not."""
    for _ in range(_HALVINGS):
        if abs(bad - good) <= _NEAR * max(abs(bad), abs(good)):
            break
        evidence.clock.check()
        alike = bad * good > 0
        middle = np.sign(bad) * np.sqrt(bad * good) if alike else (bad + good) / 2
        if fails(evidence, entry.at(float(middle))):
            bad = float(middle)
        else:
            good = float(middle)
    return bad, good


def _discrepancy(evidence: Evidence, case: Case) -> float:
    """By what share the worst entry is off."""
    try:
        values, bindings = evidence.rule.derivation.accept(case.inputs)
        verdict = judge(evidence.rule, values, bindings, case, contracts=False)
    except GradcheckError:
        return 0.0
    return verdict.worst.discrepancy if verdict.worst is not None else 0.0


#: The name where it is not known at which values.
_SOMEWHERE = "special-somewhere"
_ZEROS = Text("at zeros", "在零处")
_TIES = Text("where two entries are equal", "元素相等（并列）时")
_SPECIAL = Text("at special values", "在特殊值处")
_WHERE = Text("where {where}", "{where} 时")
_SMALLER = Text("by the more the smaller {label} is", "{label} 越小越")
_LARGER = Text("by the more the larger {label} is", "{label} 越大越")
_NOT_ONE = Text(
    "No single number of the case shown is to blame.", "所示例子中没有哪一个数单独造成这一错误。"
)
_THERE = Text(
    "With the other numbers as in the case shown, there it turns from right to wrong.",
    "其他数取所示例子中的值时，正是在那里由对变错。",
)
_MORE = Text(
    "With the other numbers as in the case shown it cannot be told from right at {number}.",
    "其他数取所示例子中的值时，在 {number} 处已看不出错误。",
)
_ADDED = Text(
    "look for a small number that is added, as to a denominator, and for a form that holds only "
    "nearly",
    "检查是否加了一个很小的数（例如加在分母上），或用了只是近似成立的形式",
)
_NEARLY = Text(
    "look for a form that holds only nearly, such as a series that ends too early",
    "检查是否用了只是近似成立的形式，例如过早截断的级数",
)

BEHAVIOURS = [
    Behaviour(
        "special",
        Text("right at usual values, wrong {what}", "通常的取值下正确，{what}错误"),
        Text("", ""),
        Text("look at branches, clipping and comparisons", "检查分支、截断与比较"),
        special_values,
        rank=25,
    ),
]
