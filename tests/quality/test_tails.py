"""Right rules of functions that lose all digits far out, where numpy is not all that computes.

What ``1 + erf(x)`` has lost at -8 no jitter shows that ``erf`` does not let through.
"""

import math
from math import erf, exp, tanh

import numpy as np
import pytest

from gradcheck import Status, derivation, real
from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.verification import judge_at

FAR = {"low": -12.0, "high": 12.0}
each = np.vectorize(lambda v: 1 + erf(v))


def whole(x):
    return each(x)


def local(x):
    from math import erf

    return 1 + erf(x)


def filled(x):
    y = np.zeros(len(x))
    for k, v in enumerate(x):
        y[k] = 1 + erf(v)
    return y


def of_float(x):
    x = float(x)
    return 1 + erf(x)


def density(x):
    return 2 * np.exp(-x * x) / np.sqrt(np.pi)


def of_logistic(x):
    return np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))) ** 2


ONE = {
    "a function of math": (lambda x: 1 + erf(x), density),
    "of the module": (lambda x: 1 + math.erf(x), density),
    "one that numpy has": (lambda x: 1 + tanh(x), lambda x: 1 / np.cosh(x) ** 2),
    "imported inside": (local, density),
    "a number of Python": (of_float, density),
    "scaled": (lambda x: 200.0 * (1 + erf(x)), lambda x: 200.0 * density(x)),
}
MANY = {
    "vectorized": (lambda x: 1 + np.vectorize(erf)(x), density),
    "vectorized as a whole": (whole, density),
    "filled": (filled, density),
    "of a list": (lambda x: np.array([1 - 1 / (1 + exp(v)) for v in x.tolist()]), of_logistic),
}


def verdicts(function, rule, argument, values):
    """Those on ``dy · rule(x)``, seed by seed."""
    owner = derivation(x=argument)(function)
    claim = Rule(lambda dy, x: dy * rule(x), owner, "vjp", (), register=False)
    return [judge_at(claim, Case({"x": x}, seed=k), table=False) for k, x in enumerate(values)]


@pytest.mark.parametrize("name", ONE)
def test_a_single_number(name):
    points = np.random.default_rng(0).uniform(-12, 12, 40)
    found = verdicts(*ONE[name], real(**FAR), points)
    assert not [v for v in found if v.status is Status.FAIL]
    near = np.random.default_rng(1).uniform(-2, 2, 8)
    function, rule = ONE[name]
    wrong = verdicts(function, lambda x: 1.001 * rule(x), real(**FAR), near)
    assert all(v.status is Status.FAIL for v in wrong)


@pytest.mark.parametrize("name", MANY)
def test_many(name):
    rng = np.random.default_rng(0)
    found = verdicts(
        *MANY[name], real("n", **FAR), [rng.uniform(-12, 12, 1 + k % 3) for k in range(40)]
    )
    assert not [v for v in found if v.status is Status.FAIL]
