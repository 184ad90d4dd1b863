"""Whether a function uses numbers that it is not given."""

import functools

import numpy as np
import pytest

from gradcheck.oracle.captured import uses_numbers_of_its_own

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
])  # fmt: skip
def test_numbers_within_reach_are_found(function):
    assert uses_numbers_of_its_own(function)


@pytest.mark.parametrize("function", [
    plain, of_counts, closing_over(3), closing_over("name"), closing_over(plain), np.tanh,
    Layer(None).forward, closing_over(list(range(10**6))),
])  # fmt: skip
def test_counts_names_and_functions_are_no_numbers(function):
    assert not uses_numbers_of_its_own(function)
