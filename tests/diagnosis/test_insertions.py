"""What is missing in a rule is told as the edit that puts it in."""

import numpy as np
import pytest

from gradcheck import derivation
from gradcheck.checking import check_claim
from gradcheck.diagnosis import diagnose
from gradcheck.insertions import Trial
from gradcheck.profiles import PROFILES
from gradcheck.sampling import Sampler
from gradcheck.verdict import Status
from gradcheck.verification import judge_at
from tests.diagnosis import lacking

REMEDIES = [
    (lacking.factor_inside, "return dy * (1 - 2 * a * x**2)"),
    (lacking.entry, "return -y[i] * y[j]"),
    (lacking.own_entry, "return y[i] * (1 - y[i])"),
    (lacking.column, "return y[i] * (np.eye(len(y))[i] - y)"),
    (lacking.jacobian, "return np.diag(y) - np.outer(y, y)"),
    (lacking.whole_factor, "return (dy - dy @ y) * y"),
    (lacking.decay, "return X.T @ (X @ w) + lam * w"),
    (lacking.decay_of_the_hessian, "return X.T @ X + lam * np.eye(len(w))"),
    (lacking.product_rule, "return tx @ W + x @ tW"),
    (lacking.slope, "gz = g * (1 - y ** 2)"),
    (lacking.mean, "return 3 * (g - g.mean(axis=0))"),
    (lacking.call, "return g @ k / np.sqrt(q.shape[1]), g.T @ q / np.sqrt(q.shape[1])"),
    (lacking.in_place, "return p / len(z)"),
    (lacking.in_a_loop, "out[i] += (A[i, j] + A[j, i]) * x[j]"),
]


@pytest.mark.parametrize(("rule", "after"), REMEDIES, ids=lambda one: getattr(one, "name", ""))
def test_what_is_missing_in_a_rule_is_told(rule, after):
    mistakes = found(rule)
    assert [mistake.edit.after for mistake in mistakes if mistake.edit] == [after]


def found(rule):
    """What the rule is said to lack where it fails at usual values."""
    for case in Sampler(rule).telling(1):
        verdict = judge_at(rule, case, table=False)
        if verdict.status is Status.FAIL:
            fresh = Sampler(rule).telling(2)
            return diagnose(rule, verdict, fresh, seconds=60.0).mistakes
    raise AssertionError(f"{rule.id} passes")


def test_the_name_does_not_contradict_the_edit():
    """The numbers look like a wrong partner of W, and what is missing is a slope."""
    assert found(lacking.slope)[0].title.en == "a factor is missing"


def test_what_is_missing_at_usual_values_alone_is_not_told():
    @derivation(x="n")
    def bent(x):
        return np.where(x > 4, 48 * x, x**3)

    @bent.vjp
    def no_factor(dy, x):
        return dy * x**2

    verdict = check_claim(no_factor, PROFILES["ci"]).verdict
    assert not any(mistake.edit for mistake in verdict.mistakes)


def test_a_trial_computes_as_the_function_does_but_for_what_is_changed():
    trial = Trial(lacking.factor_inside.function)
    given = np.array([1.0, 2.0]), np.array([3.0, 5.0]), 2.0
    with trial.watching():
        assert np.all(trial.function(*given) == lacking.factor_inside.function(*given))
    values = [seen.value for seen in trial.seen]
    (number,) = (k for k, value in enumerate(values) if np.ndim(value) == 0 and value == 2.0)
    assert set(trial.seen[number].held) >= {"dy", "x", "a", "len(x)"}
    with trial.changing(number, lambda value, frame: 10 * value):
        assert np.all(trial.function(*given) == given[0] * (1 - 20 * given[1] ** 2))
    assert np.all(trial.function(*given) == lacking.factor_inside.function(*given))


@pytest.mark.parametrize(
    ("chain", "after"),
    [
        (lacking.factor_of_a_term, "x**2 + 2 * a * x * b + (a * b) ** 2"),
        (lacking.factor_of_an_argument, "1 - np.sin(x * a) ** 2"),
    ],
    ids=["a term", "inside a function"],
)
def test_what_is_missing_in_a_side_of_a_chain_is_told(chain, after):
    mistakes = check_claim(chain, PROFILES["ci"]).verdict.mistakes
    (edit,) = (mistake.edit for mistake in mistakes)
    assert after in edit.after
