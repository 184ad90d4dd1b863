"""What only happens to hold where a rule was seen is not told as its mistake, nor as its remedy."""

import numpy as np

from gradcheck import derivation
from gradcheck.case import Case
from gradcheck.checking import check_claim
from gradcheck.claims import Rule
from gradcheck.diagnosis import diagnose
from gradcheck.profiles import PROFILES
from gradcheck.verification import judge_at
from tests.diagnosis.seeming import (
    GAIN,
    bump,
    cubed,
    distance,
    doubled,
    gained,
    gathered,
    knots,
    logarithm,
    looked_up,
    overlap,
    root,
    series,
    sinc,
    spline,
    two_thirds,
    wrapped,
)

CI = PROFILES["ci"]


def mistake_of(layer, function, *wrt, kind="vjp"):
    """The first mistake that a wrong rule is told of."""
    rule = Rule(function, layer, kind, wrt, register=False)
    mistakes = check_claim(rule, CI).verdict.mistakes
    return mistakes[0] if mistakes else None


def edit_of(layer, function, *wrt, kind="vjp"):
    """From what to what the first mistake is mended."""
    edit = mistake_of(layer, function, *wrt, kind=kind).edit
    return edit.before, edit.after


# ---- right at usual values -------------------------------------------------------------------


def test_a_small_number_that_is_added_is_no_tie():
    def rule(dy, x):
        return dy / (x + 1e-12)

    assert edit_of(logarithm, rule) == ("return dy / (x + 1e-12)", "return dy / (x)")


def test_an_angle_that_is_not_wrapped_is_wrong_beyond_half_a_turn():
    def rule(dy, a, b):
        return 2 * dy * (a - b), -2 * dy * (a - b)

    title = mistake_of(wrapped, rule).title.en
    assert title.startswith("right at usual values, wrong where ")
    assert "3.1416 (" in title
    assert "π)" in title


def test_a_constant_that_was_rounded_is_written_out_wherever_it_stands():
    def rule(dy, a, b):
        d = np.mod(a - b + 3.14159, 2 * 3.14159) - 3.14159
        return 2 * dy * d, -2 * dy * d

    assert edit_of(wrapped, rule) == (
        "d = np.mod(a - b + 3.14159, 2 * 3.14159) - 3.14159",
        "d = np.mod(a - b + np.pi, 2 * np.pi) - np.pi",
    )


def test_a_number_of_the_module_or_a_fraction_is_meant_by_what_is_near():
    def hand_written(dy):
        return dy * 0.73118

    assert GAIN
    assert edit_of(gained, hand_written) == ("return dy * 0.73118", "return dy * GAIN")

    def rule(dy):
        return dy * 0.33333 * 2

    assert edit_of(two_thirds, rule)[1] == "return dy * (1 / 3) * 2"


def test_zeros_ties_and_large_numbers_are_told_apart():
    def zeros(dy, x):
        return dy * (3 * x**2 + (x != 0))

    def ties(dy, x):
        alone = (x[:, None] == x).sum(axis=1) == 1
        return dy * (3 * x**2 + 1) * alone

    def large(dy, x):
        return dy * (3 * x**2 + 1) * (1 - 0.5 * (np.abs(x).max() > 50))

    assert mistake_of(cubed, zeros).title.en == "right at usual values, wrong at zeros"
    told = mistake_of(cubed, ties).title.en
    assert told == "right at usual values, wrong where two entries are equal"
    assert "50" in mistake_of(cubed, large).title.en


# ---- factors -----------------------------------------------------------------------------------


def test_a_number_that_nobody_wrote_is_an_observation_and_no_remedy():
    odd = float(np.tan(1.23456))

    def rule(dy, x):
        return dy / np.sqrt(x) / 2 * odd

    told = mistake_of(root, rule)
    assert told.title.en == "dx: a constant factor: 2.861166"
    assert told.explanation.en == "Every entry is 2.861166 times the right one."
    assert "2.861166" not in told.remedy.en
    assert told.remedy.en.startswith("it is no number that stands in the code")


def test_a_number_that_stands_in_the_code_is_a_remedy():
    def rule(dy, x):
        return 1.000001 * dy / np.sqrt(x) / 2

    assert mistake_of(root, rule).title.en == "dx: a constant factor: 1.000001"


def test_a_factor_that_rounds_to_1_is_not_called_1():
    def rule(dy, x):
        return dy / np.sqrt(x) / 2 * (1 + 1e-7)

    told = mistake_of(root, rule)
    assert "factor: 1 + 1e-07" in told.title.en or told.edit is not None
    assert " 1 times" not in told.explanation.en


def test_a_power_of_ten_is_put_right_by_its_inverse():
    def rule(dy, x):
        s = dy / np.sqrt(x) / 2
        return s * 10**-2

    assert mistake_of(root, rule).title.en == "dx: a constant factor: 1/100"


def test_of_a_single_number_no_factor_is_told():
    def rule(a, b):
        return a * np.cos(a * b + 0.1) * np.exp(-a)

    claim = Rule(rule, distance, "gradient", ("b",), register=False)
    case = Case({"a": np.float64(1.3), "b": np.float64(0.7)})
    told = diagnose(claim, judge_at(claim, case), []).mistakes
    assert not any("a constant factor" in mistake.title.en for mistake in told)


# ---- edits that are right by accident ------------------------------------------------------------


def test_a_factor_is_left_out_rather_than_made_one_that_is_always_1():
    def rule(dy, x, c):
        t = x[:, None] - np.arange(len(c))
        a = np.abs(t)
        w = np.where(a < 1, 2 / 3 - a**2 + a**3 / 2, np.maximum((2 - a) ** 3 / 6, 0) * (t > 0))
        return dy @ w

    after = edit_of(spline, rule, "c")[1]
    assert after == "w = np.where(a < 1, 2 / 3 - a**2 + a**3 / 2, np.maximum((2 - a) ** 3 / 6, 0))"


def test_a_branch_is_left_out_rather_than_never_taken():
    def rule(dy, x):
        return dy * np.where(x > 1.5, 0.0, 0.5 / np.sqrt(x))

    told = mistake_of(root, rule)
    assert told.edit.after == "return dy * (0.5 / np.sqrt(x))"

    def compared(dy, x):
        half = 0.3 / x if x.min() > 0.9 else 0.5 / np.sqrt(x)
        return dy * half

    assert mistake_of(root, compared).edit.after == "half = 0.5 / np.sqrt(x)"


def test_a_branch_for_special_values_is_left_out():
    def rule(dy, x):
        return dy / np.where(x > 1e6, 2 * x, x)

    assert edit_of(logarithm, rule)[1] == "return dy / x"

    def stated(dy, x):
        d = dy / x
        if x.max() > 1e6:
            d = d / 2
        return d

    before, after = edit_of(logarithm, stated)
    assert before == "if x.max() > 1000000.0: …"
    assert after == "pass"


def test_a_branch_that_zeros_need_is_not_left_out():
    def rule(x):
        if abs(x) < 0.3:
            return -1 / 3 + x**2 / 11
        return -np.sin(x) / x - 2 * (np.cos(x) - np.sin(x) / x) / x**2

    told = mistake_of(sinc, rule, kind="hessian")
    assert told is None or told.edit is None


def test_a_statement_is_left_out_rather_than_written_where_nobody_reads():
    def rule(dy, x):
        spare = np.zeros_like(dy)
        dx = 2 * dy + 0 * spare.shape[0]
        dx[:, -1] = 0
        return dx

    assert edit_of(doubled, rule) == ("dx[:, -1] = 0", "pass")


# ---- conditions and windows -------------------------------------------------------------------


def test_what_is_right_of_all_positive_numbers_has_nothing_to_do_with_1():
    def rule(dy, p, b):
        return dy * np.maximum(2 - np.abs(p), 0) * p * np.exp(p * b)

    assert mistake_of(bump, rule, "b").title.en == "wrong only where p < 0"


def test_inputs_up_to_a_place_are_no_window():
    def rule(dy, gaps, ids):
        dgaps = np.zeros_like(gaps)
        np.add.at(dgaps, ids, dy)
        return dgaps

    told = mistake_of(knots, rule)
    assert "of the inputs that an output depends on only the last" in told.title.en
    assert "np.repeat" not in told.remedy.en


def test_what_is_no_product_has_no_partner():
    def rule(dy, A, y):
        return y.T @ dy

    told = mistake_of(series, rule)
    assert told.title.en == "dA: just the upstream gradient times y"
    assert "gamma" not in told.remedy.en


# ---- slips that are known ----------------------------------------------------------------------


def test_repeated_indices_are_added_up_by_add_at():
    def rule(dy, x, w):
        i = np.minimum((x * len(w)).astype(int), len(w) - 1)
        dw = np.zeros_like(w)
        dw[i] += dy * x
        return dy * w[i], dw

    assert edit_of(looked_up, rule) == ("dw[i] += dy * x", "np.add.at(dw, i, dy * x)")


def test_all_that_is_added_to_an_array_is_mended_at_once():
    def rule(dy, x, w):
        i = np.minimum((x * len(w)).astype(int), len(w) - 1)
        dw = np.zeros_like(w)
        dw[i] += dy * x / 2
        dw[i] += dy * x / 2
        return dy * w[i], dw

    before, after = edit_of(looked_up, rule)
    assert before == "dw[i] += dy * x / 2"
    assert after.startswith("np.add.at(dw, i, dy * x / 2)  # likewise in line ")


def test_the_mask_of_what_is_clamped_is_put_in():
    def rule(dy, a, b, c):
        over = np.maximum(np.sin(a) - b, 0) + 1
        d = dy * np.exp(c) * 2 * (np.sin(a) - b)
        return d * np.cos(a), -d, dy * (over - 1) ** 2 * np.exp(c)

    told = mistake_of(overlap, rule)
    assert told is not None

    def clamped(dy, a, b, c):
        raw = np.sin(a) - b
        over = np.maximum(raw, 0)
        d = dy * np.exp(c) * 2 * raw
        return d * np.cos(a), -d, dy * over**2 * np.exp(c)

    before, after = edit_of(overlap, clamped)
    assert after == f"{before} * (over > 0)"


def test_a_sign_in_a_list_is_one_edit():
    @derivation(x="3")
    def turned(x):
        return np.array([x[0] * x[1], x[1] * x[2], x[0] - np.sin(x[2])])

    def rule(x):
        return np.array([[x[1], x[0], 0 * x[0]], [0, x[2], x[1]], [1, 0, np.cos(x[2])]])

    assert "[1, 0, -np.cos(x[2])]" in edit_of(turned, rule, kind="jacobian")[1]


def test_an_index_that_is_an_input_is_told_likewise():
    def rule(dy, x, ids):
        dx = np.zeros_like(x)
        dx[ids] += dy
        return dx

    assert edit_of(gathered, rule) == ("dx[ids] += dy", "np.add.at(dx, ids, dy)")
