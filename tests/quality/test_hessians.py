"""Hessians that are measured from a declared gradient, which may be wrong itself."""

import math

import numpy as np
import pytest

from gradcheck import Status, derivation
from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.judging import hessians
from gradcheck.verification import judge_at


def sum_of_sines(x):
    return np.sin(x).sum()


def true_gradient(x):
    return np.cos(x)


#: Each passes at some of the points below, and is wrong elsewhere, or rounded.
GRADIENTS = {
    "another branch begins there": lambda x: np.cos(x) * np.where(x > 1, 1.5, 1.0),
    "rounded": lambda x: np.round(np.cos(x), 8),
}


def verdict(gradient, hessian, x, seed):
    owner = derivation(x="n")(sum_of_sines)
    Rule(gradient, owner, "gradient", ())
    claim = Rule(hessian, owner, "hessian", (), register=False)
    return judge_at(claim, Case({"x": np.array(x)}, seed=seed), table=False)


def right(x):
    return -np.diag(np.sin(x))


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_right_one_is_not_accused_by_a_gradient_that_the_function_contradicts(name):
    points = [[1.0], [1.0, 0.3], [0.3, 1.0, -2.0], [2e-7, 0.5]]
    found = [verdict(GRADIENTS[name], right, x, seed) for x in points for seed in range(4)]
    assert not [v for v in found if v.status is Status.FAIL]


def test_a_wrong_one_is_found_by_a_right_gradient_and_by_one_that_is_contradicted():
    def wrong(x):
        return -1.001 * np.diag(np.sin(x))

    for gradient in (true_gradient, GRADIENTS["another branch begins there"]):
        found = [verdict(gradient, wrong, [1.0, 0.3], seed) for seed in range(4)]
        assert all(v.status is Status.FAIL for v in found)


def test_a_wrong_entry_is_looked_at_without_the_other_entries_of_the_gradient(monkeypatch):
    """From the function alone: each costs a hundred calls at every step of the way there."""
    counts = []
    measured = hessians._Inner._entry

    def counted(self, *args):
        counts[-1] += 1
        return measured(self, *args)

    monkeypatch.setattr(hessians._Inner, "_entry", counted)
    for size in (2, 8):
        counts.append(0)
        owner = derivation(x="n")(sum_of_sines)
        claim = Rule(lambda x: 1.01 * right(x), owner, "hessian", (), register=False)
        case = Case({"x": np.linspace(0.3, 1.0, size)}, seed=1)
        assert judge_at(claim, case, table=False).status is Status.FAIL
    few, many = counts
    assert many < 3 * few, counts  # four times as many inputs: only the first look is at all


def test_a_term_that_is_absorbed_where_no_jitter_gets_in_is_not_accused():
    """``1 + e^{-344}`` stands still at every step, and ``float`` hides what it is rounded to."""

    @derivation(x="n")
    def bells(x):
        return math.fsum(math.exp(-(float(a) ** 2) / 2) for a in x)

    def hessian(x):
        return np.diag((x**2 - 1) * np.exp(-(x**2) / 2))

    def of_the_large(x):
        return hessian(x) * (1 + 0.01 * (np.abs(x) < 5))

    case = Case({"x": np.array([0.3, -1.2, 12.5, 26.25])}, seed=1)
    for claim, status in ((hessian, Status.PASS), (of_the_large, Status.FAIL)):
        rule = Rule(claim, bells, "hessian", (), register=False)
        assert judge_at(rule, case, table=False).status is status
