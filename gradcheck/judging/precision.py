"""What the numbers that a user works with hold of a rule's answer: its own rounding."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.evaluation import Claim, claim_at
from gradcheck.hints import said
from gradcheck.judging.context import Context, Floats
from gradcheck.oracle.directions import magnitudes
from gradcheck.oracle.norms import norms
from gradcheck.oracle.rounding import jittered
from gradcheck.oracle.scatter import Scatter
from gradcheck.returned import SetAside, Violation
from gradcheck.subject import Subject

#: A rule that loses this share of its answer is told of it; it is not a mistake of its formula.
_LOSSY = 2.0**-4
#: A share above this is no number that a reader wants.
_MANY_TIMES = 10.0


def own_rounding(context: Context, values: Mapping[str, Any]) -> float | None:
    """The rule's own rounding at the inputs ``values``, relative to the norm of its answer.

    Of inputs narrower than float64, in which nothing is judged where it can be helped: how far the
    answer in their type is from that in float64. Else: how far it moves with the last bit of every
    operation. None where that is not known.

    Raises ``Violation`` where the answer is not finite in the type of the inputs, but the function
    is.
    """
    claim, point = context.claim, context.point
    dtype = np.result_type(np.float16, *(np.asarray(p).dtype for p in _parts(context, values)))
    narrower = dtype.itemsize < context.subject.x.dtype.itemsize
    if not narrower and (context.is_large or context.subject.dtype != np.float64):
        return None
    size = point.m if claim.pull is not None else point.n
    along = magnitudes(context.case.rng("rounding"), size).astype(np.float32).astype(np.float64)
    try:
        exact = _answer(claim, along)
        if not np.abs(exact).max(initial=0.0) <= np.finfo(dtype).max:
            return None  # no answer in that type is finite
        own = _narrow(context, values, dtype) if narrower else _jittered(context)
        found = None if own is None else _answer(own, along)
    except SetAside:
        return None  # the function itself has no value in that type
    except Violation as violation:
        if violation.title != "numerically unstable" or not narrower:
            return None
        raise Violation(
            violation.title,
            said(
                "in {dtype}, the type of the inputs: {message}",
                "在输入的类型 {dtype} 中：{message}",
                dtype=dtype,
                message=violation.message,
            ),
        ) from None
    if own is None or found is None or not (own.carried and np.isfinite(found).all()):
        return None
    norm = float(norms(exact.reshape(-1)))
    return float(norms((found - exact).reshape(-1))) / norm if norm > 0 else None


def lossy(context: Context, rounding: float | None) -> list[str]:
    """A remark on a rule that loses most of its answer, as one that overflows on the way to 0."""
    if rounding is None or rounding < _LOSSY:
        return []
    return [
        said(
            "{name} is off by {share} its norm when it computes in the type of the inputs: "
            "something inside overflows, underflows or cancels there",
            "{name} 在以输入的类型计算时相差其范数的{share}：其中有某一步上溢、下溢或相消",
            name=context.rule.name,
            share=said("many times", "许多倍")
            if rounding > _MANY_TIMES
            else said("{percent:.0%} of", " {percent:.0%}", percent=rounding),
        )
    ]


def _parts(context: Context, values: Mapping[str, Any]) -> list[Any]:
    parts = []
    for name in context.rule.wrt:
        value = values[name]
        parts += value if isinstance(value, list) else [value]
    return parts


def _narrow(context: Context, values: Mapping[str, Any], dtype: np.dtype[Any]) -> Claim:
    subject = Subject(context.rule.derivation, values, context.bindings, context.rule.wrt, dtype)
    context.point.evaluations += 1
    return claim_at(context.rule, subject, context.case)


def _jittered(context: Context) -> Claim:
    context.point.evaluations += 1
    wrap = functools.partial(jittered, rng=Scatter(context.case.seed, heeds=True))
    return claim_at(context.rule, context.subject, context.case, wrap)


def _answer(claim: Claim, along: Floats) -> Floats:
    if claim.pull is not None:
        return claim.pull(along)
    if claim.push is not None:
        return claim.push(along)
    assert claim.entries is not None
    return claim.entries.values
