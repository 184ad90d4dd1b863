"""Norms of numbers whose squares are no numbers."""

import numpy as np
import pytest

from gradcheck.oracle.norms import norms

# As in the engine, where over- and underflow are looked at and not warned of.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1.0, 1e160, 1e300])
def test_size_does_not_matter(size):
    rows = np.array([[3.0, 4.0], [0.0, 0.0], [0.0, -1.0]])
    np.testing.assert_allclose(norms(rows * size), np.array([5.0, 0.0, 1.0]) * size, rtol=1e-15)


def test_rows_of_different_size_and_what_is_no_number():
    rows = np.array([[3e200, 4e200], [3e-200, 4e-200], [np.inf, 1.0], [np.nan, 1.0]])
    np.testing.assert_allclose(norms(rows), [5e200, 5e-200, np.inf, np.nan], rtol=1e-15)
    assert norms(np.zeros(0)) == 0
