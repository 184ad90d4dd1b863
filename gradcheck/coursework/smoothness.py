"""Whether a rule is wrong at a point where the function is smooth, though it is right right beside.

A rule that is wrong nowhere but at the point itself is not accused: the function may have a kink
there that its values along single lines do not show. A submission can count on that, and be wrong
wherever two numbers are the same. So such points are judged once more as if what looks smooth were
smooth, and the function is held to what it then has to be: its slopes add up.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.answers import largest
from gradcheck.arguments import Arrays, Real
from gradcheck.case import Case
from gradcheck.claims import Identity, Rule
from gradcheck.coursework.precision import IN_DOUBLE, Lost
from gradcheck.coursework.steadiness import has_lost_digits
from gradcheck.measurement import measure_jvp
from gradcheck.oracle.layout import Layout
from gradcheck.verdict import Measured, Status
from gradcheck.verification import judge_at

#: The slopes along single inputs add up to that along all if they are closer than so many times the
#: error bounds of both, and than this share of the largest.
_MARGIN = 4.0
_CLOSE = 2.0**-20
#: So many points beside one, by that share of each number, at which the sides of an identity have
#: to be closer by that factor for the point to stand out.
_BESIDE = 3
_NEAR = 2.0**-12
_FURTHER = 2.0**10


def jumps(claim: Rule | Identity, case: Case, lost: Lost = IN_DOUBLE) -> bool:
    """Whether a claim that was excused at a point is wrong there, though nothing shows why.

    A rule that passed on a kink is if there is none, and an identity that holds right beside, if
    they are further off than rounding makes of numbers of their size, which is ``lost``.
    """
    if isinstance(claim, Identity):
        return _apart(claim, case, lost)
    made = copy.copy(claim)
    made.derivation = copy.copy(claim.derivation)
    made.derivation.options = replace(claim.derivation.options, smooth=True)
    verdict = judge_at(made, case, contracts=False, table=False)
    if verdict.status is not Status.FAIL or has_lost_digits(claim, verdict, lost):
        return False
    return _adds_up(claim, case)


def _apart(identity: Identity, case: Case, lost: Lost) -> bool:
    """Whether the sides are further apart at the point than rounding makes them, and than beside.

    Rounding that loses digits does so right beside as well.
    """
    off, size = _off(identity, case.inputs)
    rng = case.rng("apart")
    moved = (
        {name: _moved(identity, name, value, rng) for name, value in case.inputs.items()}
        for _ in range(_BESIDE)
    )
    return off > lost.of(size) and off > _FURTHER * max(_off(identity, at)[0] for at in moved)


def _off(identity: Identity, inputs: Mapping[str, Any]) -> tuple[float, float]:
    """How far the sides are apart at most, and the largest number at hand."""
    with np.errstate(all="ignore"):
        raw = identity.function(**inputs)
        sides = [np.asarray(one.value if isinstance(one, Measured) else one) for one in raw]
        off = max(float(np.max(np.abs(side - sides[0]), initial=0.0)) for side in sides)
    return off, max(1.0, *map(largest, [*inputs.values(), *sides]))


def _moved(identity: Identity, name: str, value: Any, rng: np.random.Generator) -> Any:
    """An input with each real number moved by a little of itself, or of 1 where it is zero."""
    if not isinstance(identity.arguments[name], Real | Arrays):
        return value
    parts = value if isinstance(value, list) else [value]
    found = [
        one + _NEAR * rng.uniform(0.5, 1.0, np.shape(one)) * np.where(one == 0, 1.0, one)
        for one in parts
    ]
    return found if isinstance(value, list) else found[0]


def _adds_up(claim: Rule, case: Case) -> bool:
    """Whether the function's slope along a line is the sum of those along single inputs.

    The middle one of three equal numbers, sorted, has a slope along every line, and is not smooth.
    """
    layout = Layout({name: case.inputs[name] for name in claim.wrt})
    x = layout.flatten(case.inputs, np.float64)
    direction = case.rng("slopes").standard_normal(x.size)

    def function(moved: Any) -> Any:
        raw = claim.derivation.function(**{**case.inputs, **layout.restore(moved)})
        parts = raw if isinstance(raw, tuple) else (raw,)
        return np.concatenate([np.ravel(part) for part in parts])

    whole = measure_jvp(function, [x], [direction])
    single = [measure_jvp(function, [x], [one]) for one in np.diag(direction)]
    total = sum(one.value for one in single)
    bound = _MARGIN * (whole.error + sum(one.error for one in single))
    bound += _CLOSE * np.max([np.abs(one.value) for one in (whole, *single)], axis=0)
    return bool(np.all(np.abs(total - whole.value) <= bound))
