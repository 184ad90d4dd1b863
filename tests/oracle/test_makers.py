"""Arrays that a function makes anew carry on what it was given."""

import functools
import math
from math import atan2, erf

import numpy as np
import pytest
from numpy import asarray

from gradcheck import Status, verify_identity, verify_vjp
from gradcheck.oracle.captured import through
from gradcheck.oracle.imaginary import imaginary_slope
from gradcheck.oracle.own_numbers import with_numbers
from gradcheck.oracle.rounding import is_jittered, jittered
from gradcheck.oracle.scatter import Scatter

X = np.array([0.3, -1.2, 2.0])


def filled(x):
    y = np.zeros(x.shape)
    for k in range(len(x)):
        y[k] = np.sin(x[k])
    return y


def added(x):
    y = np.empty((2, 3))
    y[0] = x
    y[1] = 1.0
    y[1] += x * x
    return y.sum(axis=0)


def by_another(x):
    return filled(x) * 2


class Layer:
    def __init__(self):
        self.scale = np.array([1.5, -0.5, 2.0])

    def forward(self, x):
        return np.sin(np.asarray(x)) * self.scale


MAKING = {
    "asarray": lambda x: np.sin(np.asarray(x)),
    "asarray by its own name": lambda x: np.sin(asarray(x)),
    "a type": lambda x: np.sin(np.asarray(x, dtype=float)),
    "a copy": lambda x: np.sin(np.array(x)),
    "in order": lambda x: np.sin(np.ascontiguousarray(x)),
    "of entries": lambda x: np.sin(np.array([v * v for v in x])),
    "of rows": lambda x: np.sin(np.array([[x[0], 1.0], [x[1], x[2]]])),
    "of two axes": lambda x: np.array(x, ndmin=2) * x,
    "full": lambda x: np.full(3, 2.0) * np.sin(x),
    "full of an entry": lambda x: np.sin(np.full(2, x[1])),
    "filled": filled,
    "added to": added,
    "inside another": by_another,
    "of a partial function": functools.partial(lambda scale, x: np.asarray(x) * scale, 2.0),
    "of a method": Layer().forward,
    "vectorized": lambda x: np.vectorize(lambda v: np.cos(v) * v)(x) * each(x, 2.0),
}
each = np.vectorize(lambda a, b: a * b**a)
#: A step in the imaginary direction is not taken through these.
OF_MATH = {
    "of math": lambda x: np.array([math.exp(v) * math.log(4 + v, 2) for v in x]),
    "of math by its own name": lambda x: np.array([atan2(v, 2.0) for v in x]),
    "of math as it is": lambda x: math.tanh(x[0]) * np.sin(x),
    "of math, vectorized": lambda x: np.vectorize(math.cos)(x) * np.vectorize(math.pow)(2.0, x),
}


@pytest.mark.parametrize("name", MAKING)
def test_jitter_and_steps_come_through(name):
    function = MAKING[name]
    run = Scatter(0)
    wrap = functools.partial(jittered, rng=run)
    answer = with_numbers(function, wrap)(wrap(X))
    assert is_jittered(answer)
    np.testing.assert_allclose(answer, function(X), rtol=1e-14)
    assert not is_jittered(function(X))

    def compute(numbers):
        return [through(function, None, makers=numbers.makers())(numbers)]

    v = np.array([1.0, -0.5, 2.0])
    found = imaginary_slope(compute, X, v, np.ravel(function(X)))
    quotient = (function(X + 1e-6 * v) - function(X - 1e-6 * v)) / 2e-6
    np.testing.assert_allclose(found.value, np.ravel(quotient), atol=1e-8)


@pytest.mark.parametrize("name", OF_MATH)
def test_jitter_comes_through_functions_of_math(name):
    function, wrap = OF_MATH[name], functools.partial(jittered, rng=Scatter(0))
    answer = with_numbers(function, wrap)(wrap(X))
    assert is_jittered(answer)
    np.testing.assert_allclose(answer, function(X), rtol=1e-14)


def test_what_numpy_has_not_is_rounded():
    normal = np.vectorize(erf)
    for function in (lambda x: np.array([1 + erf(v) for v in x]), lambda x: 1 + normal(x)):
        moved = []
        for seed in range(8):
            wrap = functools.partial(jittered, rng=Scatter(seed))
            answer = with_numbers(function, wrap)(wrap(np.full(3, -7.0)))
            assert is_jittered(answer)
            moved.append(np.abs(np.asarray(answer.view(np.ndarray))))
        # 1 + erf(-7) is 0, and may as well be the rounding of 1.
        assert np.all(np.max(moved, axis=0) >= 2.0**-53)
        assert np.all(np.max(moved, axis=0) <= 2.0**-50)
    assert math.erf(np.float64(0.5)) == erf(0.5)


def test_what_is_no_number_is_made_as_ever():
    def counts(x):
        return np.zeros(3, int), np.array(["a"]), np.ones(2, dtype=bool), np.array(x, np.float32)

    wrap = functools.partial(jittered, rng=Scatter(0))
    plain, words, truth, narrow = with_numbers(counts, wrap)(wrap(X))
    assert (plain.dtype.kind, words.dtype.kind, truth.dtype.kind) == ("i", "U", "b")
    assert narrow.dtype == np.float32
    assert np.asarray(X) is X


def stable_sigmoid(x):
    x = np.asarray(x)
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def test_a_right_identity_whose_side_converts_its_input():
    for seed in range(20):
        x = np.random.default_rng(seed).standard_normal(30)
        for dtype in (np.float32, np.float64):
            verdict = verify_identity(
                np.tanh, lambda x: 2 * stable_sigmoid(2 * x) - 1, x.astype(dtype)
            )
            assert verdict.status is Status.PASS


def test_a_right_rule_of_a_function_that_fills_an_array():
    def stick(v):
        y, left = np.zeros(len(v) + 1), 1.0
        for k, s in enumerate(stable_sigmoid(v)):
            y[k] = left * s
            left = left * (1 - s)
        y[-1] = left
        return y

    def rule(d, v):
        s, q = stable_sigmoid(v), stable_sigmoid(-v)
        y = np.append(s, 1) * np.cumprod(np.append(1, q))
        later = np.cumsum((d * y)[::-1])[::-1]
        return d[:-1] * y[:-1] * q - s * later[1:]

    for t in np.linspace(15, 36, 17):
        v = np.array([0, 0, t, 1.0])
        assert verify_vjp(stick, rule, v).status is not Status.FAIL
        assert verify_vjp(stick, lambda d, v: 1.01 * rule(d, v), v).status is Status.FAIL
