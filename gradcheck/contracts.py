"""Contracts that come before numbers: repeatable, inputs untouched, linear in the cotangent."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.answers import repeats, same
from gradcheck.evaluation import Claim, announce
from gradcheck.hints import said
from gradcheck.oracle.directions import magnitudes
from gradcheck.oracle.layout import Vector, chunks
from gradcheck.returned import Violation
from gradcheck.subject import Subject

Floats = NDArray[np.float64]

#: Factors that a linear rule follows bit for bit. The second finds one that clips or thresholds
#: what comes in, at any usual size of the threshold. Both are tried in one, and only where that is
#: not followed each by itself, to say which; numbers of few digits may lose some to the second.
_FACTORS = (-1.0, 2.0**12)
_BOTH = math.prod(_FACTORS)
#: An entry below this may be the sum of products that were rounded as subnormal numbers are.
_SAFELY_NORMAL = 2.0**-960
#: Nothing is multiplied that would overflow.
_SAFELY_FINITE = 2.0**960


@dataclass(frozen=True)
class Nonlinear:
    """Where a rule was seen not to be linear: ``answer(factor u) != factor answer(u)``.

    ``share``: by how much, relative to the largest entry of the answer.
    """

    u: Vector
    factor: float
    position: int
    share: float


def repeatable_function(subject: Subject) -> None:
    """Raise a ``Violation`` where a second call of the function gives another answer."""
    again = subject._as_outputs(subject._call(subject.values))
    subject.point.evaluations += 1
    if not repeats(list(again.values()), list(subject.answers.values())):
        raise Violation(
            "not repeatable",
            said(
                "{name} gives another answer when it is called again with the same inputs; a "
                "random function has to get its randomness as an input",
                "用同样的输入再次调用 {name} 得到了不同的结果；随机函数应把随机量作为输入",
                name=subject.derivation.name,
            ),
        )


def linearity(
    claim: Claim, answer: Callable[[Vector], Floats], size: int, rng: np.random.Generator
) -> Nonlinear | None:
    """The entry at which a claimed map is most clearly not linear; None where it is, bit for bit.

    Of one whose last bits differ from call to call, up to these. Whether the difference is more
    than round-off is for the numbers to say. Raises a ``Violation`` for a rule whose second call
    gives another answer.
    """
    # Eighths: a cotangent that a person can use again.
    u = np.round(magnitudes(rng, size) * 8) / 8
    if claim.remote is not None:
        announce([(claim, [u, u, _BOTH * u])])
    first, again = answer(u), answer(u)
    steady = same(first, again)
    if not steady and not repeats(first, again, claim.epsilon):
        raise Violation(
            "not repeatable",
            said(
                "{name} gives another answer when it is called again with the same inputs; does it "
                "add to an array that it keeps, or change what it remembers?",
                "用同样的输入再次调用 {name} 得到了不同的结果；它是否累加到自己保留的数组上，"
                "或改动了保存的内容？",
                name=claim.name,
            ),
        )
    del again  # it may be large, and so may be the next answers
    if first.size == 0 or max(first.max(), -first.min()) > _SAFELY_FINITE:
        return None

    def followed(factor: float) -> Nonlinear | None:
        scaled = answer(factor * u)
        if not steady and repeats(scaled, factor * first, claim.epsilon):
            return None
        parts = chunks(first.size)
        if all(np.array_equal(scaled[part], factor * first[part]) for part in parts):
            return None
        expected = factor * first
        off = np.abs(scaled - expected)
        # Where a value is subnormal, a factor does not commute with rounding.
        size_of = np.maximum(np.abs(scaled), np.abs(expected))
        off = np.where(size_of > _SAFELY_NORMAL, off, 0.0)
        if not off.any():
            return None
        share = float(off.max() / max(np.abs(scaled).max(), np.abs(expected).max()))
        return Nonlinear(u, factor, int(np.argmax(off)), share)

    together = followed(_BOTH)
    if together is None:
        return None
    return next(filter(None, map(followed, _FACTORS)), together)
