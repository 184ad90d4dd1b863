"""Whether an entry is off by no more than the digits that the rule's own arithmetic cancels.

Of ``a * (da - (da * a).sum())`` nothing but rounding is left where ``a`` is all but 1. In the same
process jitter of every operation tells, but none gets into another: there the inputs are moved, and
what is rounded to one of a few amounts looks like a choice. But such a rule is linear in its
cotangent, and rounding is not: factors other than powers of two tell one from the other.
"""

from __future__ import annotations

import numpy as np

from gradcheck.claims import Identity, Rule
from gradcheck.coursework.steadiness import largest
from gradcheck.evaluation import announce, claim_at
from gradcheck.oracle.layout import Layout
from gradcheck.returned import SetAside, Violation
from gradcheck.subject import Subject
from gradcheck.verdict import Status, Verdict

#: Rounding moves an entry by no more than this share of the largest number at hand, 2⁸ units of its
#: last digit: a product of matrices takes some, and what is more is a mistake.
_MOST = 2.0**-44
#: The answers to so many multiples of a cotangent are compared, and an entry may be off by so many
#: times what is between them: few samples of rounding seldom show all of it.
_MULTIPLES = 8
_MARGIN = 4.0


def is_cancelled(claim: Rule | Identity, verdict: Verdict) -> bool:
    """Whether nothing but its own rounding makes a backward or forward rule wrong at a point."""
    worst, case = verdict.worst, verdict.case
    if verdict.status is not Status.FAIL or worst is None or case is None:
        return False
    if not isinstance(claim, Rule) or claim.kind not in ("vjp", "jvp"):
        return False
    off = abs(worst.claimed - worst.measured)
    size = max(1.0, abs(worst.claimed), abs(worst.measured), *map(largest, case.inputs.values()))
    if not off <= _MOST * size:
        return False
    try:
        with np.errstate(all="ignore"):
            subject = Subject(claim.derivation, case.inputs, dict(verdict.bindings), claim.wrt)
            column = _position(subject.inputs, worst.input, worst.index)
            row = _position(subject.outputs, worst.output, worst.output_index)
            asked = claim_at(claim, subject, case)
            answer = asked.pull or asked.push
            assert answer is not None
            own, entry = (row, column) if asked.pull is not None else (column, row)
            layout = subject.outputs if asked.pull is not None else subject.inputs
            unit = np.zeros(layout.size)
            unit[own] = 1.0
            factors = case.rng("multiples").uniform(1.0, 2.0, _MULTIPLES)
            given = [factor * unit for factor in factors]
            announce([(asked, given)])
            moved = [float(answer(u)[entry]) / f for u, f in zip(given, factors, strict=True)]
    except (SetAside, Violation):
        return False
    return off <= _MARGIN * (max(moved) - min(moved))


def _position(layout: Layout, label: str, index: tuple[int, ...]) -> int:
    leaf = next(leaf for leaf in layout.leaves if leaf.label == label)
    return layout.position(leaf, index)
