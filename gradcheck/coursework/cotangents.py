"""Cotangents that hold zeros, or the same number twice: what a rule makes of them adds up.

What is drawn as a cotangent, or as a tangent, holds neither: a sum with a zero in it sees one error
less, and all ones hide the mistakes of softmax. So a rule could be wrong wherever it meets them.
Such a cotangent and what it lacks make a drawn one, whose answer is judged by differences, and the
answers to both have to make its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gradcheck.answers import largest
from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.coursework.placement import usual
from gradcheck.coursework.precision import IN_DOUBLE, Lost
from gradcheck.evaluation import announce, claim_at
from gradcheck.oracle.directions import magnitudes
from gradcheck.oracle.layout import Vector
from gradcheck.returned import SetAside, Violation
from gradcheck.sampling import Sampler
from gradcheck.subject import Subject

#: The answers add up if they are off by no more than this share of the largest of their numbers, or
#: so many times what a number of the type that the rule answers in is rounded by.
_SAME = 2.0**-20
_ROUNDINGS = 2.0**10


def unlike_their_sum(
    rule: Rule, rng: np.random.Generator, lost: Callable[[Case], Lost] = lambda case: IN_DOUBLE
) -> str:
    """What is wrong with the answers to cotangents or tangents of zeros and ties; empty if nothing.

    What it is given may be ``lost`` at a case in rounding, as much of it. Raises what the grader
    raises where the submission does not answer.
    """
    if rule.kind not in ("vjp", "jvp"):
        return ""
    what = "cotangent" if rule.kind == "vjp" else "tangent"
    for bindings, case in usual(Sampler(rule), rng):
        try:
            with np.errstate(all="ignore"):
                subject = Subject(rule.derivation, case.inputs, bindings, rule.wrt)
                claim = claim_at(rule, subject, case)
                answer = claim.pull or claim.push
                layout = subject.outputs if claim.pull is not None else subject.inputs
                if answer is None or not subject.x.size or not subject.y.size:
                    continue
                whole = np.round(magnitudes(rng, layout.size) * 8) / 8
                parts = [part for leaf in layout.leaves for part in _parts(rng, whole, leaf.slice)]
                if claim.remote is not None:
                    rest = [whole - part for part in parts]
                    announce([(claim, [whole, *parts, *rest])])
                full, first = answer(whole), [answer(part) for part in parts]
                second = [answer(whole - part) for part in parts]
        except SetAside:
            continue
        except Violation as violation:
            return f"{violation.title}, where some of the {what} are zero or the same"
        given = max(1.0, *map(largest, case.inputs.values()))
        share = max(_SAME, _ROUNDINGS * claim.epsilon)
        for a, b in zip(first, second, strict=True):
            size = max(float(np.max(np.abs(one), initial=0.0)) for one in (full, a, b))
            off = float(np.max(np.abs(full - (a + b)), initial=0.0))
            if not (off <= share * size or off <= lost(case).of(given)):
                return f"not linear in the {what}, where some of it are zero or the same"
    return ""


def _parts(rng: np.random.Generator, whole: Vector, of: slice) -> Iterator[Vector]:
    """Parts of a vector that hold zeros and ties in one array; so does what each leaves."""
    n = whole[of].size
    if not n:
        return

    def changed(values: Vector) -> Vector:
        part = whole.copy()
        part[of] = values
        return part

    yield changed(np.zeros(n))
    if n == 1:
        return
    own = whole[of]
    yield changed(np.full(n, own[0]))
    yield changed(np.where(rng.integers(0, 2, n) == 0, own, 0.0))
    a, b = rng.permutation(n)[:2]
    order = np.argsort(own, kind="stable")
    ties = [(order[-1], order[-2], 1.0), (order[0], order[1], 1.0), (a, b, 1.0), (a, b, -1.0)]
    for one, other, factor in (*((k, k, 0.0) for k in sorted({0, n - 1, int(a)})), *ties):
        values = own.copy()
        values[one] = factor * values[other]
        yield changed(values)
