"""Cases: what is printed can be pasted."""

import numpy as np
import pytest

from gradcheck import Case
from gradcheck.errors import InputError, ReplayError


@pytest.mark.parametrize(
    "inputs",
    [
        {"z": np.array([0.1, -1e300, 5e-324])},
        {"x": np.zeros((0, 3)), "n": np.int64(3), "s": np.float64(0.1)},
        {"x": np.float32([[1.5, 0.1]]), "labels": np.array([0, 2]), "on": np.array([True])},
        {"xs": [np.array([1.0]), np.array([2.0, 3.0])], "mode": "mean", "t": (1, 2)},
    ],
)
def test_a_printed_case_is_the_case(inputs):
    case = Case(inputs, seed=7)
    again = Case.parse(repr(case))
    assert repr(again) == repr(case)
    assert again.seed == 7
    evaluated = eval(repr(case), {"Case": Case, "np": np})
    for name, value in inputs.items():
        for other in (again.inputs[name], evaluated.inputs[name]):
            if isinstance(value, np.ndarray):
                assert other.dtype == value.dtype
                assert other.shape == value.shape
                assert np.array_equal(other, value)


def test_another_version_of_the_sampler_is_an_error():
    with pytest.raises(ReplayError, match="version 0 of the sampler"):
        Case.parse("Case({'z': np.array([0.0])}, seed=1, sampler=0)")


@pytest.mark.parametrize("text", ["", "Case(", "print(1)", "__import__('os')", "Case({'z': open})"])
def test_nothing_but_a_case_is_read(text):
    with pytest.raises(InputError, match="not a case"):
        Case.parse(text)


def test_numbers_that_are_not_finite_can_be_pasted_too():
    inputs = {"x": np.array([np.nan, -np.inf, 1.0]), "c": np.float32(np.inf), "d": -np.inf}
    case = Case(inputs)
    for again in (Case.parse(repr(case)), eval(repr(case), {"Case": Case, "np": np})):
        np.testing.assert_array_equal(again.inputs["x"], inputs["x"])
        assert again.inputs["c"] == np.inf
        assert again.inputs["c"].dtype == np.float32
        assert again.inputs["d"] == -np.inf
