"""At which sizes a submission is tried, and what answers that do not hold still are worth."""

import numpy as np
import pytest

from gradcheck import identity, real
from gradcheck.case import Case
from gradcheck.coursework.child import Broken
from gradcheck.coursework.interview import Question
from gradcheck.coursework.protocol import Failure
from gradcheck.coursework.results import Outcome
from gradcheck.coursework.settings import INPUTS, VISIBLE_INPUTS
from gradcheck.coursework.steadiness import Steady, changed, is_noise
from gradcheck.regimes import REGIMES
from gradcheck.sampling import Sampler
from gradcheck.verdict import Entry, Status, Verdict

DRAWN = (INPUTS - VISIBLE_INPUTS) // len(REGIMES)


@identity(x=real("n d"), W=real("d m"))
def of_three_sizes(x, W):
    return x @ W, x @ W


@identity(x=real("2*n"), z=real("n"))
def of_fitting_sizes(x, z):
    return x, x


@pytest.mark.parametrize("seed", range(4))
def test_every_small_size_of_every_name_is_tried_whatever_the_seed(seed):
    drafts = list(Sampler(of_three_sizes).covering(np.random.default_rng(seed), DRAWN))
    assert len(drafts) == DRAWN
    for name in ("n", "d", "m"):
        assert set(range(1, 9)) <= {draft.bindings[name] for draft in drafts}
    again = Sampler(of_three_sizes).covering(np.random.default_rng(seed), DRAWN)
    assert [draft.bindings for draft in drafts] == [draft.bindings for draft in again]
    for draft in Sampler(of_fitting_sizes).covering(np.random.default_rng(seed), DRAWN):
        assert Sampler(of_fitting_sizes).sizes.fits(draft.bindings)


class Respondent:
    """Counts what it is asked, and answers with the number of the call."""

    def __init__(self):
        self.asked = []

    def ask(self, submitted, calls, size):
        self.asked += calls
        return [len(self.asked) - len(calls) + k for k in range(len(calls))]


def test_inputs_that_differ_in_last_digits_get_one_answer():
    respondent = Respondent()
    steady = Steady(respondent)
    x = np.array([1.0, np.nan, 0.0, 1e30])
    moved = x * (1 + 2.0**-44)
    first, other = object(), object()
    assert steady.ask(first, [(x, 1), (moved, 1), (x, 2)], 4) == [0, 0, 1]
    assert steady.ask(first, [(moved, 2), (moved, 1), (x * (1 + 2.0**-20), 1)], 4) == [1, 0, 2]
    assert steady.ask(other, [(x, 1), ([x, moved], "i")], 4) == [3, 4]
    assert steady.ask(other, [([moved, x], "i"), ([x], "i")], 4) == [4, 5]
    assert steady.ask(first, [(x.astype(np.float32), 1), (x[:2], 1)], 4) == [6, 7]
    assert len(respondent.asked) == 8


def verdict(claimed, measured, x):
    entry = Entry("x", (0,), "y", (0,), claimed, measured, 0.0)
    case = Case({"x": np.array([x]), "t": np.array([True]), "xs": [np.array([x])]}, 0)
    return Verdict(Status.FAIL, "claim", worst=entry, case=case)


def test_what_rounding_makes_of_large_numbers_is_no_noise():
    assert not is_noise(verdict(0.0, 1e-17, 1.0))
    assert not is_noise(verdict(1e-5, 0.0, 1e7))
    assert is_noise(verdict(1e-5, 0.0, 1.0))
    assert is_noise(verdict(np.nan, 0.0, 1e7))
    assert not is_noise(Verdict(Status.UNDECIDED, "claim"))
    assert is_noise(Verdict(Status.FAIL, "claim", chain=(("a", 1.0), ("b", 1.1))))
    assert not is_noise(Verdict(Status.FAIL, "claim", chain=(("a", 1.0), ("b", 1.0 + 1e-15))))


class Interviewed(Respondent):
    """Answers each question by a rule that may look at how it is asked."""

    def __init__(self, rule, lasting=10**9):
        super().__init__()
        self.rule, self.lasting = rule, lasting

    def begin(self):
        pass

    def ask(self, submitted, calls, size):
        self.asked += calls
        if len(self.asked) > self.lasting:
            raise Broken(Outcome.CRASHED, "it ended")
        return [self.rule(x, len(calls)) for (x,) in calls]


def questions(answer):
    submitted = object()
    return [Question(submitted, (x,), 2, answer(x)) for x in np.eye(40)]


def test_what_is_asked_again_has_to_be_answered_as_before():
    asked = {"a": questions(lambda x: 2 * x), "b": questions(lambda x: (None, x, Failure("no")))}
    for rule, expected in (
        (lambda x, company: 2 * x, {"b"}),
        (lambda x, company: (None, x * (1 + 2.0**-30), Failure("another")), {"a"}),
        (lambda x, company: (None, x, None), {"a", "b"}),
        (lambda x, company: (2 if company > 1 else 3) * x, {"a", "b"}),
        (lambda x, company: (2 if company < 16 else 3) * x, {"a", "b"}),
        (lambda x, company: (2 * x).astype(np.float32), {"a", "b"}),
    ):
        respondent = Interviewed(rule)
        assert changed(respondent, asked, 1) == expected
        assert len(respondent.asked) == 80
    holes = {"a": questions(lambda x: np.where(x > 0, np.nan, np.inf))}
    assert not changed(Interviewed(lambda x, company: np.where(x > 0, np.nan, np.inf)), holes, 1)
    assert changed(Interviewed(lambda x, company: np.where(x > 0, 0.0, np.inf)), holes, 1) == {"a"}


def test_what_was_not_asked_again_is_not_taken_for_answered():
    asked = {name: questions(lambda x: 2 * x) for name in "abc"}
    assert not changed(Interviewed(lambda x, company: 2 * x), asked, 1)
    assert changed(Interviewed(lambda x, company: 2 * x, lasting=60), asked, 1) == set("abc")
    assert changed(Interviewed(lambda x, company: 2 * x, lasting=0), {}, 1) == set()
