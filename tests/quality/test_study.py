"""Hessians and constrained domains, as the study draws them: nothing right is accused."""

from tests.quality.study import confined, hessians

ENGINE = "engine, function alone", "engine, declared gradient"


def test_hessians():
    """By a declared gradient, by the function alone, and by every other way, which is no better."""
    judged = hessians(1)
    declared = judged["engine, declared gradient"]
    assert declared.right == {"pass": 47}
    assert declared.wrong == {"fail": 70}
    alone = judged["engine, function alone"]
    assert alone.right == {"pass": 45, "undecided": 2}  # saturated: their rounding hides them
    assert alone.wrong.total() == 70
    assert alone.wrong["fail"] >= 63
    assert alone.wrong["pass"] <= 1  # of 1e-194
    others = [tally for way, tally in judged.items() if way not in ENGINE]
    assert all(tally.right["fail"] + tally.right["undecided"] > 0 for tally in others)


def test_gradients_in_constrained_domains():
    tally = confined(4)["engine"]
    assert tally.right == {"pass": 24}
    assert tally.wrong == {"fail": 32}
