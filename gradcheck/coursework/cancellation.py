"""Whether an entry is off by no more than what a right rule may lose to its own arithmetic.

Where a softmax saturates nothing but rounding is left of ``y * (1 - y)``, or of
``a * (da - (da * a).sum())``. In the same process jitter of every operation tells that from a
mistake. None gets into another: there the inputs are moved, and 1 - 1e-17 is 1 wherever they are.
So what is that small beside the numbers at hand is left open, and accused of nothing.
"""

from __future__ import annotations

import math

from gradcheck.claims import Identity, Rule
from gradcheck.coursework.steadiness import largest
from gradcheck.verdict import Status, Verdict

#: Rounding moves an entry by no more than this share of the largest number at hand, 2⁸ units of its
#: last digit: sums and products of matrices take some, and what is more is a mistake.
_MOST = 2.0**-44


def is_cancelled(claim: Rule | Identity, verdict: Verdict) -> bool:
    """Whether a wrong entry may have lost its digits, and nothing else be wrong with it."""
    worst, case = verdict.worst, verdict.case
    if verdict.status is not Status.FAIL or worst is None or case is None:
        return False
    # A cotangent, a probability and a slope are of the size of 1, whatever the inputs are.
    size = max(1.0, abs(worst.claimed), abs(worst.measured), *map(largest, case.inputs.values()))
    off = abs(worst.claimed - worst.measured)
    return isinstance(claim, Rule) and math.isfinite(size) and off <= _MOST * size
