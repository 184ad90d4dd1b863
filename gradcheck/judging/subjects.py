"""The function of a claim at a point, in float64 where it can be, and the ladder that fits it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.dims import Bindings
from gradcheck.judging.hessians import gradient_subject
from gradcheck.oracle.directions import finish, magnitudes, scales
from gradcheck.oracle.ladder import DOUBLE, SINGLE, Ladder
from gradcheck.oracle.layout import Vector
from gradcheck.returned import SetAside
from gradcheck.subject import Subject
from gradcheck.verdict import Verdict

#: At such a step, or so many times nearer to 0 or further away, inputs have all digits of float64.
#: A single number lacks two bits in one place of four by chance, not in several.
_ASIDE = 2.0**-6 / 3.0
_ELSEWHERE = (
    (2.0**-10 / 3.0, 2.0**-9 / 5.0, 2.0**-11 / 7.0),
    (2.0**10 / 3.0, 2.0**9 / 5.0, 2.0**11 / 7.0),
)
#: The significant bits of float32. Of several numbers that are rounded to them hardly all have
#: two fewer; and the steps of a staircase that has as many at one size have four fewer, and more,
#: at one that is 2⁶ times as small.
_BITS = 24
_FEWER_BITS = 22
_STAIRS_BITS = 20
#: Of many outputs so many are looked at first.
_FIRST = 8


def subject_at(
    rule: Rule,
    values: Mapping[str, Any],
    bindings: Bindings,
    case: Case,
    judge: Callable[..., Verdict],
    alone: bool = False,
) -> tuple[Subject, Ladder]:
    """The function at the values, in float64 wherever it computes in it.

    ``judge`` is asked about the gradient of a Hessian, unless that is measured from the function
    ``alone``.
    """
    if rule.kind == "hessian":
        return gradient_subject(rule, values, bindings, case, judge, alone), DOUBLE
    single = all(np.asarray(values[name]).dtype == np.float32 for name in rule.wrt)
    try:
        subject = Subject(rule.derivation, values, bindings, rule.wrt)
    except SetAside as aside:
        if not single or aside.cause != "raised":
            raise
        # It may take no other type than the one that it is given.
        return Subject(rule.derivation, values, bindings, rule.wrt, np.float32), SINGLE
    if subject.dtype.itemsize < np.dtype(np.float64).itemsize:
        if single:
            return Subject(rule.derivation, values, bindings, rule.wrt, np.float32), SINGLE
        return subject, _fewer(subject.dtype)
    return subject, _fewer(np.dtype(np.float32)) if _is_narrow_inside(subject, case) else DOUBLE


def _fewer(dtype: np.dtype[Any]) -> Ladder:
    """The ladder for a function of float64 that has the digits of a narrower type."""
    return replace(SINGLE, epsilon=float(np.finfo(dtype).eps) / 2)


def _is_narrow_inside(subject: Subject, case: Case) -> bool:
    """Whether a function that answers in float64 computes in float32.

    All that it gives is a number of float32, at inputs that are none, and some of what has moved
    has all its bits, as the whole numbers of a staircase have not. It is asked nearer to 0 and
    further away as well: beside the point nothing may move, and whole numbers up to 2²⁴ are as far
    apart as those of float32, but at one size alone. Far out those of float32 may be at a bound.
    """
    point = subject.point
    if point.n == 0 or point.m == 0 or subject.is_measured:
        return False
    if not (_fits(subject.y[:_FIRST], _BITS) and _fits(subject.y, _BITS)):
        return False
    found = _shows_its_bits(subject, case)
    point.evaluate(point.x)  # a rule may read what the function has left
    return found


def _shows_its_bits(subject: Subject, case: Case) -> bool:
    point = subject.point
    signs = magnitudes(case.rng("narrow"), point.n)
    aside = finish(point, scales(point, "spread"), signs, DOUBLE).v
    places = [[point.x + _ASIDE * aside]]
    if point.tangent is None:
        # Away from 0, where the numbers would be small after all.
        outwards = np.where(point.x != 0, np.copysign(aside, point.x), aside)
        places += [[factor * (point.x + outwards) for factor in way] for way in _ELSEWHERE]
    shown = lacking = 0
    for place in places:
        moved: list[Vector] = []
        for x in filter(point.holds, place):
            y = point.evaluate(x)
            if not _fits(y[np.isfinite(y)], _BITS):
                return False
            moved.append(y[np.isfinite(y) & (y != subject.y)])
        shows = not all(_fits(y, _FEWER_BITS) for y in moved)
        shown += shows
        lacking += not shows and any(y.size > 0 and _fits(y, _STAIRS_BITS) for y in moved)
    return shown >= max(lacking, 1)


def _fits(numbers: Vector, bits: int) -> bool:
    """Whether some numbers have no more significant bits than so many."""
    whole = np.ldexp(np.frexp(numbers)[0], bits)
    return bool((whole == np.rint(whole)).all())
