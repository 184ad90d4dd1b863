"""Whether a function uses numbers that it is not given."""

import functools

import numpy as np
import pytest

from gradcheck.oracle.captured import OutOfReach, through, uses_numbers_of_its_own

TABLE = np.linspace(0, 1, 5)
COUNTS = np.arange(5)


def plain(x):
    return np.tanh(x) + 1.5


def of_a_table(x):
    return x * TABLE[0]


def by_way_of_another(x):
    return of_a_table(x)


def of_counts(x):
    return x * COUNTS[0]


def closing_over(value):
    return lambda x: x * value


class Layer:
    def __init__(self, weights):
        self.weights = weights

    def forward(self, x):
        return x @ self.weights


@pytest.mark.parametrize("function", [
    of_a_table, by_way_of_another, closing_over(0.3), closing_over(TABLE), closing_over([TABLE]),
    functools.partial(np.dot, TABLE), Layer(TABLE).forward, closing_over({"w": TABLE}),
    lambda x, scale=0.3: x * scale, lambda x, *, scale=TABLE: x * scale,
])  # fmt: skip
def test_numbers_within_reach_are_found(function):
    assert uses_numbers_of_its_own(function)


@pytest.mark.parametrize("function", [
    plain, of_counts, closing_over(3), closing_over("name"), closing_over(plain), np.tanh,
    Layer(None).forward, closing_over(list(range(10**6))),
])  # fmt: skip
def test_counts_names_and_functions_are_no_numbers(function):
    assert not uses_numbers_of_its_own(function)


def twice(value):
    return 2 * value


@pytest.mark.parametrize(("function", "given"), [
    (closing_over(0.3), 1.0), (closing_over(TABLE), 1.0), (of_a_table, 1.0),
    (by_way_of_another, 1.0), (functools.partial(np.multiply, TABLE), 1.0),
    (lambda x, scale=0.3: x * scale, 1.0), (lambda x, *, scale=TABLE: x * scale, 1.0),
    (closing_over((TABLE, COUNTS)[0]), 1.0),
])  # fmt: skip
def test_a_function_gets_its_numbers_another_way_and_is_left_as_it_was(function, given):
    table = np.linspace(0, 1, 5)
    np.testing.assert_array_equal(through(function, twice)(given), 2 * function(given))
    np.testing.assert_array_equal(TABLE, table)


def with_a_function_inside(x):
    def shifted(y):
        return y + 0.5

    return shifted(x)


@pytest.mark.parametrize("function", [
    plain, with_a_function_inside, lambda x: x + by_a_literal(1), lambda x: x + 0.5 * 3,
])  # fmt: skip
def test_numbers_that_are_written_in_the_code(function):
    assert not uses_numbers_of_its_own(function)
    assert uses_numbers_of_its_own(function, literals=True)
    assert through(function, twice) is function
    added = function(0.0)
    np.testing.assert_array_equal(through(function, twice, literals=twice)(0.0), 2 * added)
    assert function(0.0) == added


def by_a_literal(count):
    return 0.5 * count


@pytest.mark.parametrize("function", [lambda x: x + 2, lambda x: f"{x} is 0.5", np.tanh])
def test_whole_numbers_and_words_stay(function):
    assert not uses_numbers_of_its_own(function, literals=True)
    assert through(function, twice, literals=twice) is function


def test_what_is_not_a_number_is_shared_with_the_copy():
    seen, scale = [], 0.3

    def counting(x):
        seen.append(x)
        return x * scale

    assert through(counting, twice)(1.0) == 0.6
    assert seen == [1.0]
    assert through(plain, twice) is plain


def test_a_function_that_calls_itself():
    scale = 0.5

    def power(x, n):
        return x if n == 0 else scale * power(x, n - 1)

    assert through(power, twice)(3.0, 1) == 3.0


def remembering():
    last = 0.5

    def forward(x):
        nonlocal last
        last = float(x)
        return x * last

    return forward


@pytest.mark.parametrize("function", [
    Layer(TABLE).forward, closing_over(Layer(TABLE)), remembering(),
])  # fmt: skip
def test_numbers_that_may_change_between_calls_are_out_of_reach(function):
    with pytest.raises(OutOfReach):
        through(function, twice)
