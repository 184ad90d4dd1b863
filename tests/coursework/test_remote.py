"""What is asked of a rule in another process travels together, and no more often than it has to."""

import functools
import inspect

import numpy as np

from gradcheck import derivation
from gradcheck.case import Case
from gradcheck.evaluation import claim_at
from gradcheck.oracle.rounding import Jittered, jittered
from gradcheck.oracle.scatter import Scatter
from gradcheck.subject import Subject


class Elsewhere:
    """A rule of single entries that notes what is announced, and what is asked without."""

    __name__ = "elsewhere"
    __signature__ = inspect.signature(lambda y, i, j: None)

    def __init__(self):
        self.announced, self.asked, self.jittered = [], 0, 0

    def expect(self, size):
        assert size == 1

    def announce(self, calls, size):
        self.announced.append(len(calls))
        by_position, by_name = calls[0]
        self.jittered += any(isinstance(one, Jittered) for one in (*by_position, *by_name.values()))

    def __call__(self, y, i, j):
        self.asked += 1
        return np.asarray(y)[i] * ((i == j) - np.asarray(y)[j])


def test_the_entries_of_a_run_of_jitter_are_asked_for_in_one_message_and_once():
    softmax = derivation(z="k")(lambda z: np.exp(z) / np.exp(z).sum())
    rule = softmax.partial(Elsewhere())
    elsewhere, case = rule.function, Case({"z": np.arange(5) / 4}, 7)
    subject = Subject(softmax, case.inputs, {"k": 5}, ["z"])
    plain = claim_at(rule, subject, case)
    assert (elsewhere.announced, elsewhere.asked) == ([25], 25)

    def moved(seed, units=1):
        return claim_at(
            rule, subject, case, functools.partial(jittered, rng=Scatter(seed, units))
        ).entries.values

    first, other, wider = moved(1), moved(2), moved(1, 256)
    assert elsewhere.announced == [25] * 4
    assert elsewhere.jittered == 3
    assert [moved(1) is first, moved(2) is other, moved(1, 256) is wider] == [True] * 3
    assert elsewhere.announced == [25] * 4
    assert not np.array_equal(first, other)
    assert np.abs(wider - plain.entries.values).max() > np.abs(first - plain.entries.values).max()
