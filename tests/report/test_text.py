"""Numbers, arrays and matrices as text: of every size and shape, and out of hostile hands."""

import numpy as np
import pytest

import gradcheck as gc
from gradcheck.report.figures import measurement, one_line, printable, shortest, written
from gradcheck.report.matrix import matrix
from gradcheck.verdict import Entry


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.zeros((0, 3)), "an empty array of shape (0, 3)"),
        (np.float64(-0.5), "-0.5"),
        (np.array(7), "7"),
        (np.array([np.nan, np.inf, -np.inf, 1e300, 5e-324]), "[nan, inf, -inf, 1e+300, 5e-324]"),
        (np.zeros((100, 100)), "an array of shape (100, 100)"),
        (np.zeros((64, 1)), "an array of shape (64, 1)"),  # more lines than a screen has to spare
        (np.ones((1, 1, 1, 1, 2)), "[[[[[1, 1]]]]]"),
        (np.array([True, False]), "[ True, False]"),
        ([np.zeros(1), np.zeros((0,))], "[[0], an empty array of shape (0,)]"),
        ("mode\x1b[2J", "'mode\\x1b[2J'"),
    ],
)
def test_inputs_are_written_whatever_they_are(value, text):
    assert written(value) == text


def test_blank_lines_between_the_matrices_of_an_array_are_left_out():
    assert written(np.zeros((1, 2, 2, 1, 1))).count("\n\n") == 0


def test_print_options_of_the_user_change_nothing():
    with np.printoptions(threshold=1, precision=1):
        assert written(np.array([0.123, 4.0, 5.5])) == "[0.123, 4, 5.5]"


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (1.0, 1e-9, "1 ± 1e-09"),
        (np.nan, 1e-9, "nan ± 1e-09"),
        (np.inf, np.inf, "inf ± unknown"),
        (0.0, 0.0, "0 ± 0"),
        (1 / 3, 1e-4, "0.3333 ± 1e-04"),
        (1e-310, 1e-312, "1e-310 ± 1e-312"),
    ],
)
def test_measurements_have_the_digits_that_their_error_leaves(value, error, text):
    assert measurement(value, error) == text


def test_what_a_terminal_would_obey_is_written_as_an_escape():
    hostile = "a\x1b[31mb\x07c\rd\x9be\u202ef\u2066g\tüber 数\n"
    assert printable(hostile) == ("a\\x1b[31mb\\x07c\\rd\\x9be\\u202ef\\u2066g\tüber 数\n")
    assert one_line("a\nb\tc") == "a\\nb\\tc"
    assert shortest(np.float64(2.0)) == "2"


def entries(claimed, measured, error=1e-12):
    return tuple(
        Entry("x", (i,), "y", (j,), float(claimed[j][i]), float(measured[j][i]), error)
        for j in range(len(claimed))
        for i in range(len(claimed[0]))
    )


def test_a_matrix_marks_what_is_wrong_and_nothing_else():
    lines = matrix(entries([[1.0, 0.5], [0.0, 2.0]], [[1.0, 0.25], [0.0, 2.0]]), 88)
    assert lines == [
        "  ∂y/∂x   claimed        measured",
        "          x[0]   x[1]    x[0]   x[1]",
        "  y[0]       1    0.5*      1   0.25",
        "  y[1]       0    2         0   2",
    ]


def test_a_matrix_has_the_digits_that_tell_its_numbers_apart():
    lines = "\n".join(matrix(entries([[1.000001, 1.0]], [[1.0, 1.0]]), 88))
    assert "1.000001*" in lines
    # Beyond that a list says it better.
    assert matrix(entries([[1.0000000001, 1.0]], [[1.0, 1.0]]), 88) is None


def test_a_matrix_that_is_too_wide_is_stacked_and_one_that_is_too_large_is_listed():
    wide = np.arange(1, 65).reshape(8, 8) / 7
    lines = matrix(entries(wide + 1, wide), 88)
    assert [line.split()[0] for line in lines].count("∂y/∂x") == 2
    assert max(map(len, lines)) <= 88
    assert matrix(entries(wide + 1, wide), 40) is None
    nine = np.ones((9, 2))
    assert matrix(entries(nine + 1, nine), 88) is None


def test_numbers_without_bounds_do_not_break_a_matrix():
    lines = "\n".join(matrix(entries([[np.inf, -np.inf]], [[1e300, 0.0]], 1e-9), 88))
    assert "inf*" in lines
    assert "1e+300" in lines


def test_a_verdict_tells_itself_as_text():
    verdict = gc.verify_jacobian(np.sin, lambda x: np.diag(-np.cos(x)), np.array([0.0, 1.0]))
    assert "* wrong: 2 of 4 entries" in str(verdict)
    big = gc.verify_vjp(np.sin, lambda dy, x: -dy * np.cos(x), np.ones((3, 3, 3, 3, 3)))
    assert "x           = an array of shape (3, 3, 3, 3, 3)" in str(big)
    scalar = gc.verify_gradient(lambda x: x * x, lambda x: 3 * x, np.float64(1.5))
    assert "∂y/∂x" in str(scalar)
    with pytest.raises(gc.GradientMismatch, match=r"raises ValueError: \\x1b\[31mred"):
        gc.check_vjp(np.sin, hostile_rule, np.ones(2))


def hostile_rule(dy, x):
    raise ValueError("\x1b[31mred")
