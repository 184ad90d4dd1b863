"""What is computed from constants alone is off by its last bit, and nothing else is."""

import numpy as np
import pytest

from gradcheck.oracle.captured import through
from gradcheck.oracle.constants import ConstantsAlone
from gradcheck.oracle.scatter import Scatter

X = np.array([0.3, -1.2, 2.0])
TABLE = np.array([0.1, 0.2, 0.7])


def answers(function, runs=8):
    """In several runs; and the operations that were met."""
    wraps = [ConstantsAlone(Scatter(k, literals=True)) for k in range(runs)]
    found = np.array([through(function, w.number, literals=w.number)(w(X)) for w in wraps])
    return found, set.union(*(w.run.met for w in wraps))


@pytest.mark.parametrize(("function", "met"), [
    (lambda x: (1 - 1 / (1 + np.exp(-36.0))) * x, {"exp", "negative", "add", "divide", "subtract"}),
    (lambda x: np.sqrt(2.0) * x, {"sqrt"}),
    (lambda x: x * np.log1p(TABLE).sum(), {"log1p", "add"}),
    (lambda x: x * np.concatenate([TABLE[:1], TABLE[1:]]).prod(), {"concatenate", "multiply"}),
])  # fmt: skip
def test_what_is_made_of_constants_moves(function, met):
    found, seen = answers(function)
    assert type(found[0]) is np.ndarray
    assert len(np.unique(found[:, 0])) > 1
    assert seen <= met | {"negative"}
    assert seen


@pytest.mark.parametrize("function", [
    lambda x: 1.5 * x + 0.1, lambda x: np.where(x > 0.1, x, 0.3 * x),
    lambda x: np.clip(x, -0.5, 0.7), lambda x: TABLE @ x * np.ones(3), lambda x: x**2.0 + 1e-5,
    lambda x: x - x[0] * 0.1, lambda x: np.add(x, TABLE, out=np.empty(3)),
    lambda x: np.dot(x, TABLE) + 0.0 * x,
])  # fmt: skip
def test_where_an_input_comes_in_all_is_as_usual(function):
    found, seen = answers(function)
    np.testing.assert_array_equal(found, np.broadcast_to(function(X), found.shape))
    assert not seen
