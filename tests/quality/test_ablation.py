"""Every guard of the engine earns its place: without it, a case goes wrong."""

import numpy as np
import pytest

from gradcheck import measure_jacobian
from tests.quality.ablation_cases import CASES
from tests.quality.guards import GUARDS
from tests.quality.judged import judged

SEEDS = range(12)
PAIRS = [
    pytest.param(case, name, id=f"{name}: {case.name}") for case in CASES for name in case.guards
]
#: Shown by a test of their own below.
ELSEWHERE = {"gap of the careful look", "weights before halves"}


#: Where an imaginary step can be taken it does the work of many; the others are for all else.
ALONE = "an imaginary step"


@pytest.fixture(autouse=True)
def _without_an_imaginary_step(request, monkeypatch):
    case = request.node.callspec.params.get("case") if hasattr(request.node, "callspec") else None
    if case is None or ALONE not in case.guards:
        GUARDS[ALONE](monkeypatch)


def statuses(case):
    return [case.judge(seed).status for seed in SEEDS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_with_all_guards_a_case_is_judged_as_it_should_be(case):
    assert set(statuses(case)) <= case.allowed


@pytest.mark.parametrize(("case", "name"), PAIRS)
def test_without_a_guard_the_case_goes_wrong(case, name, monkeypatch):
    GUARDS[name](monkeypatch)
    assert any(case.judge(seed).status not in case.allowed for seed in SEEDS)


def test_without_the_gap_the_error_of_a_measured_jacobian_is_too_small(monkeypatch):
    def measured():
        return measure_jacobian(lambda x: np.maximum(x, 0), np.array([0.0, 1.0]))

    whole = measured()
    assert abs(whole.value[0, 0] - 1) <= whole.error[0, 0]
    GUARDS["gap of the careful look"](monkeypatch)
    without = measured()
    assert abs(without.value[0, 0] - 1) > without.error[0, 0]


def test_without_weights_a_wrong_entry_costs_more_calls(monkeypatch):
    x = np.random.default_rng(0).standard_normal(5000)

    def calls():
        def wrong(x):
            return np.cos(x) + 1e-2 * (np.arange(x.size) == 1234)

        verdict = judged(lambda x: np.sin(x).sum(), wrong, "gradient", (x,))
        assert verdict.worst.index == (1234,)
        return verdict.evaluations

    whole = calls()
    GUARDS["weights before halves"](monkeypatch)
    assert calls() > whole + 30


def test_every_guard_is_accounted_for():
    shown = {name for case in CASES for name in case.guards}
    assert shown | ELSEWHERE == set(GUARDS)
