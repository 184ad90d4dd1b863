"""A rule that computes otherwise than its function is told by what the function has."""

import pytest

from gradcheck.checking import check_claim
from gradcheck.profiles import PROFILES
from tests.diagnosis import forgetting as f

#: The line with which each of these is right.
REMEDIES = [
    (f.with_one_factor_more, "T = np.concatenate([[1.0], np.cumprod(1 - a)[:-1]])"),
    (f.of_another_stride, "dw += dy[k] * x[2 * k : 2 * k + 6]"),
    (f.overwritten, "dx[2 * k:2 * k + 6] += dy[k] * w"),
    (f.before_the_activation, "t = np.tanh(x @ W)"),
    (f.without_the_magnitude, "return dy * mu / (1 + np.abs(mu * x))"),
    (f.without_the_number, "return x.T @ (dy * keep * (1 - np.tanh(x @ W) ** 2)) / 0.8"),
    (f.without_the_label, "y = e / e.sum(axis=1, keepdims=True) - np.eye(e.shape[-1])[t]"),
    (f.from_the_other_ends, "g[:-1] += x[1:]  # likewise in line 102"),
    (f.at_the_same_time, "return -np.sum(dy[1:] * x[:-1])"),
    (f.shifted_the_wrong_way, "dx[:-1] -= a * dy[1:]"),
    (f.rolled_the_wrong_way, "return dy + np.roll(dy, -s) / 2"),
    (f.unpacked_the_other_way, "a, b = i"),
    (f.decayed_by_half, "return dl * (Q + 0.2 * P), dl * (P + 0.2 * Q)"),
    (f.of_a_softmax, "return y * c - y * (c @ y), y * c - c @ y * y, y * (c - c @ y)"),
    (f.of_both_sides, "return 0.5 * d**2 * (d < 0)"),
    (f.with_a_branch_that_is_wrong, "slope, times = (slope / 2, 2.0)"),
    (f.not_clipped, "return dy * (1 - x**2) * (np.abs(x) < 1)"),
    (f.without_the_root, "dx[0::2] = (dy[:n] + dy[n:]) / np.sqrt(2)"),
    (f.of_its_own_factor, "np.add.at(dP, u, dy[:, None] * Q[i])"),
]


def found(claim):
    """What is told where a claim fails."""
    return check_claim(claim, PROFILES["ci"]).verdict.mistakes


@pytest.mark.parametrize(("claim", "after"), REMEDIES, ids=lambda one: getattr(one, "name", ""))
def test_what_a_rule_computes_otherwise_is_mended(claim, after):
    assert [mistake.edit.after for mistake in found(claim) if mistake.edit] == [after]


#: What is told of each of these first.
TOLD = [
    (f.of_small_ones, "∂y/∂x: right only where n <= delta"),
    (f.of_large_ones, "∂y/∂x: wrong only where n <= delta"),
    (f.of_counts_alone, "dm: wrong only where k == 0"),
    (f.of_all_that_there_are, "dz: the mask keep is forgotten"),
    (
        f.of_the_diagonal,
        "the Jacobian: only the diagonal of the Jacobian of softmax(x @ W) is used",
    ),
    (f.not_softened, "∂y/∂x: 0.25 is left out"),
]


@pytest.mark.parametrize(("rule", "title"), TOLD, ids=lambda one: getattr(one, "name", ""))
def test_a_rule_that_is_right_without_something_of_its_function_says_so(rule, title):
    assert found(rule)[0].title.en == title
