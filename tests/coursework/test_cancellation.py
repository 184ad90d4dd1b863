"""Digits that a rule cancels are no mistake, and a mistake that is as small is one."""

import numpy as np
import pytest

from gradcheck import derivation, options
from gradcheck.case import Case
from gradcheck.coursework.cancellation import is_cancelled
from gradcheck.coursework.submitted import answered_by, collecting, from_submission
from gradcheck.verdict import Status
from gradcheck.verification import judge_at

#: Where all but 4e-15 of the weight is on one key, and nothing of what it loses is left.
SATURATED = {
    "q": np.array([[0.0, 0.0, 0.5]]),
    "k": np.array([[0.0, 0.0, 100.0], [0.0, 0.0, 0.0]]),
    "v": np.array([[1.0], [0.0]]),
}


class Answering:
    """A submission of one function in this process."""

    def __init__(self, function):
        self.function = function

    def ask(self, submitted, calls, size):
        return [self.function(*call) for call in calls]


def weights(q, k):
    s = q @ k.T / np.sqrt(q.shape[1])
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def backward(do, q, k, v):
    a = weights(q, k)
    da = do @ v.T
    ds = a * (da - (da * a).sum(axis=1, keepdims=True)) / np.sqrt(q.shape[1])
    return ds.T @ q


def tiny(do, q, k, v):
    return np.full(k.shape, 2.0**-56 * do.sum())


def twice_at_saturation(do, q, k, v):
    return backward(do, q, k, v) * (1 if weights(q, k).max() < 1 - 1e-6 else 2)


@pytest.fixture
def attention():
    @options(output="o", smooth=True)
    @derivation(q="n d", k="t d", v="t e")
    def attention(q, k, v):
        return weights(q, k) @ v

    with collecting():
        return attention.vjp("k")(from_submission("attention_backward(do, q, k, v)"))


def judged(rule, function, inputs):
    with answered_by(Answering(function)):
        verdict = judge_at(rule, Case(inputs, seed=1), contracts=False, table=False)
        return verdict, is_cancelled(rule, verdict)


def test_what_rounding_makes_of_a_right_rule_is_told_from_a_mistake(attention):
    verdict, cancelled = judged(attention, backward, SATURATED)
    assert verdict.status is Status.FAIL
    assert 0 < verdict.worst.discrepancy < 0.01
    assert cancelled


@pytest.mark.parametrize("wrong", [tiny, twice_at_saturation])
def test_a_mistake_that_is_as_small_is_not_excused(attention, wrong):
    verdict, cancelled = judged(attention, wrong, SATURATED)
    assert verdict.status is Status.FAIL
    assert not cancelled


def test_what_is_off_by_more_than_rounding_is_not_looked_at(attention):
    noise = np.random.default_rng(1)

    def noisy(do, q, k, v):
        return backward(do, q, k, v) * noise.uniform(2, 2.001)

    usual = {name: value / 10 + 0.25 for name, value in SATURATED.items()}
    verdict, cancelled = judged(attention, noisy, usual)
    assert verdict.status is Status.FAIL
    assert not cancelled
