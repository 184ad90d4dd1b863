"""What a submission is asked at points of the same sizes travels in few messages."""

from dataclasses import replace

import numpy as np
import pytest

from gradcheck import identity
from gradcheck.checking import check_claim
from gradcheck.coursework.assignment import _guarded
from gradcheck.coursework.growth import Rounding
from gradcheck.coursework.precision import Precision
from gradcheck.coursework.submitted import (
    answered_by,
    bounded_by,
    collecting,
    from_submission,
)
from gradcheck.verdict import Status
from tests.coursework.test_lost_digits import PROFILE, RIGHT, Answering, declared, softmax

INPUTS = 40


class Counting(Answering):
    """It counts the messages, and what is asked in them."""

    messages = calls = 0

    def ask(self, submitted, calls, size):
        self.messages += 1
        self.calls += len(calls)
        return super().ask(submitted, calls, size)


def forward():
    with collecting():
        own = from_submission("own(z)")

    @identity(z="k")
    def same(z):
        return own(z), softmax(z)

    return _guarded(same)


@pytest.mark.parametrize("kind", [*RIGHT, "identity"])
def test_points_of_the_same_sizes_are_asked_for_together(kind):
    claim = forward() if kind == "identity" else declared(kind)
    answering = Counting(softmax if kind == "identity" else RIGHT[kind][2])

    def excused(verdict):  # of digits that it loses where it saturates
        return replace(verdict, status=Status.UNDECIDED)

    profile = replace(PROFILE, inputs=INPUTS)
    with answered_by(answering), bounded_by(Rounding(claim, Precision())):
        found = check_claim(claim, profile, 1, simplify=False, excused=excused)
    assert found.record.inputs >= INPUTS
    assert answering.calls >= INPUTS
    # Of a JVP some columns are asked for at each point.
    assert answering.messages < (3 if kind == "jvp" else 1) * INPUTS


def test_an_answer_is_that_to_its_own_point():
    """Whatever order the points are judged in, and where some of them are wrong."""

    def wrong(z):
        return softmax(z) if z.size < 3 else np.roll(softmax(z), 1)

    with answered_by(Counting(softmax)):
        found = check_claim(forward(), replace(PROFILE, inputs=INPUTS), 1, simplify=False)
    assert found.record.status == "pass", found.record.message
    with answered_by(Counting(wrong)):
        found = check_claim(forward(), replace(PROFILE, inputs=INPUTS), 1, simplify=False)
    assert found.record.status == "fail"
