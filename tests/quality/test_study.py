"""Hessians and constrained domains, as the study draws them: nothing right is accused."""

import pytest

from tests.quality.study import confined, hessians

ENGINE = "engine, function alone", "engine, declared gradient"


@pytest.fixture(scope="module")
def judged():
    return hessians(1)


def test_hessians_by_a_declared_gradient(judged):
    tally = judged["engine, declared gradient"]
    assert tally.right == {"pass": 47}
    assert tally.wrong == {"fail": 70}


def test_hessians_by_the_function_alone(judged):
    tally = judged["engine, function alone"]
    assert tally.right == {"pass": 45, "undecided": 2}  # saturated: their rounding hides them
    assert tally.wrong.total() == 70
    assert tally.wrong["fail"] >= 63
    assert tally.wrong["pass"] <= 1  # of 1e-194


def test_the_engine_beats_every_other_way(judged):
    others = [tally for way, tally in judged.items() if way not in ENGINE]
    assert all(tally.right["fail"] + tally.right["undecided"] > 0 for tally in others)


def test_gradients_in_constrained_domains():
    tally = confined(4)["engine"]
    assert tally.right == {"pass": 24}
    assert tally.wrong == {"fail": 32}
