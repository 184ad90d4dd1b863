"""Right identities are never accused, and one that is off by 1e-9 is found: counts.

One input of each regime; ``python -m tests.quality.identities`` judges 100,000.
"""

import numpy as np

from gradcheck import Status, verify_identity
from tests.quality.identities import DRAWS, IDENTITIES, Tally, judge

#: What is nothing but rounding at large numbers, or overflows: 68 of 1,207.
MOST_UNDECIDED = 0.06


def test_right_identities_are_never_accused_and_small_errors_are_found():
    tally = Tally()
    with np.errstate(all="ignore"):
        for regime in DRAWS:
            judge(regime, 0, tally)
    judged = sum(tally.counts.values())
    assert len(IDENTITIES) > 60
    assert judged > 1000
    assert tally.accused == []
    assert tally.counts[str(Status.UNDECIDED)] <= MOST_UNDECIDED * judged
    assert tally.promised > 0.7 * judged
    assert tally.missed == []


def test_what_a_factorization_rounds_is_no_break():
    # By its own last bit alone each entry would stay what it is beside the largest of its column.
    z = np.array([0.0009765625, 0.0625, 64.0, 0.015625])
    verdict = verify_identity(*IDENTITIES["solve"], z)
    assert verdict.status is not Status.FAIL
