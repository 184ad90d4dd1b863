"""Whether an operation of arithmetic came out exact, beside fractions, which always do."""

import math
from fractions import Fraction

import numpy as np
import pytest

from gradcheck.oracle.exactness import exactly
from gradcheck.oracle.rounding import jittered, plain
from gradcheck.oracle.scatter import Scatter

RNG = np.random.default_rng(0)
EXACT = {
    np.add: lambda a, b: a + b,
    np.subtract: lambda a, b: a - b,
    np.multiply: lambda a, b: a * b,
    np.divide: lambda a, b: a / b,
}


def drawn(size):
    """Numbers of which some arithmetic is exact and some is not."""
    whole = RNG.integers(1, 30, size) * RNG.choice([-1.0, 1.0], size)
    powers = whole * 2.0 ** RNG.integers(-30, 30, size)
    rough = RNG.standard_normal(size) * 10.0 ** RNG.integers(-9, 9, size)
    return RNG.permuted(np.stack([whole, powers, rough]), axis=0)[0]


@pytest.mark.parametrize("ufunc", EXACT, ids=lambda ufunc: ufunc.__name__)
def test_it_is_told_as_fractions_tell_it(ufunc):
    a, b = drawn(1000), drawn(1000)
    result = ufunc(a, b)
    told = [
        Fraction(y) == EXACT[ufunc](Fraction(p), Fraction(q))
        for p, q, y in zip(a, b, result, strict=True)
    ]
    assert 100 < sum(told) < 900
    np.testing.assert_array_equal(exactly(ufunc, (a, b), result), told)


def test_roots_and_squares():
    x = np.array([4.0, 2.0, 2.25, 0.1, 9.0])
    roots, squares = np.sqrt(x), np.square(x)
    assert exactly(np.sqrt, (x,), roots).tolist() == [True, False, True, False, True]
    assert exactly(np.square, (x,), squares).tolist() == [True, True, True, False, True]


def test_bounds_that_are_reached():
    for function, of, is_there in (
        (np.exp, [0.0, 1.0], [True, False]),
        (np.tanh, [400.0, -400.0, 20.0], [True, True, False]),
    ):
        x = np.array(of)
        assert exactly(function, (x,), function(x)).tolist() == is_there
    one, least = np.ones(2), np.array([5e-324, 1e-300])
    assert exactly(np.add, (one, least), one + least).tolist() == [True, False]


@pytest.mark.parametrize(("add", "exact"), [
    (np.sum, True), (np.add.reduce, True), (lambda x: x.sum(), True),
    # What is not known to be the only term is rounded: one by name, and beside an initial one.
    (lambda x: np.sum(a=x), False), (lambda x: x.sum(initial=-2.0), False),
])  # fmt: skip
def test_a_sum_of_one_term_is_exact(add, exact):
    def is_moved(*terms):
        runs = (jittered(np.array(terms), Scatter(seed, heeds=True)) for seed in range(4))
        return any(plain(add(run)) != add(np.array(terms)) for run in runs)

    assert is_moved(3.1, 0.0, 7.3)
    assert is_moved(7.3, 0.0, 5e-324) is not exact


def test_what_is_not_known():
    x = np.ones(3)
    assert exactly(np.log, (x,), np.log(x)) is None
    single = x.astype(np.float32)
    assert exactly(np.add, (single, single), single + single) is None
    # The halves of so large a number overflow: nothing is said to be exact that may not be.
    assert not exactly(np.multiply, (np.array(1e305), np.array(3.0)), np.array(3e305)).any()
    assert math.isinf(1e305 * 1e305)
