"""A rule that is wrong where numbers are the same and nowhere else: told from a rule at a kink."""

import numpy as np
import pytest

from gradcheck import DeclarationError, arrays, check_at, derivation, identity, options, real
from gradcheck.case import Case
from gradcheck.checking import check_claim
from gradcheck.coursework.settings import INPUTS, VISIBLE_INPUTS
from gradcheck.coursework.smoothness import jumps
from gradcheck.errors import GradientMismatch
from gradcheck.profiles import Profile
from gradcheck.regimes import REGIMES, TIES
from gradcheck.sampling import Sampler
from gradcheck.verdict import Status

SEEDS = range(40)
DRAWN = (INPUTS - VISIBLE_INPUTS) // len(REGIMES)


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def pulled(dy, z):
    y = softmax(z)
    return y * (dy - dy @ y)


def wrong_at_ties(dy, z):
    return pulled(dy, z) * (1.5 if z.size > 1 and np.all(z == z[0]) else 1.0)


def declared(function, backward, **given):
    made = options(**given)(derivation(z="k")(function))
    return made, made.vjp(backward)


def test_a_function_that_is_said_to_be_smooth_has_no_kink_to_excuse_a_rule():
    tied = np.array([0.5, 0.5, 0.5])
    plain, _ = declared(softmax, wrong_at_ties)
    check_at(plain, z=tied)
    smooth, _ = declared(softmax, wrong_at_ties, smooth=True)
    with pytest.raises(GradientMismatch, match="wrong value"):
        check_at(smooth, z=tied)
    right, _ = declared(softmax, pulled, smooth=True)
    check_at(right, z=tied)
    both, _ = declared(softmax, pulled, smooth=True, at_kink="left")
    with pytest.raises(DeclarationError, match="give one of the two"):
        check_at(both, z=tied)


@identity(z="k")
def same(z):
    return z, z


def sorted_pulled(dy, z):
    back = np.empty_like(dy)
    back[np.argsort(z, kind="stable")] = dy
    return back


def sums(xs):
    return sum(softmax(x) @ x for x in xs)


def sums_pulled(dy, xs):
    return [dy * (softmax(x) + pulled(x, x)) for x in xs]


def sums_wrong(dy, xs):
    return [dy * (softmax(x) + wrong_at_ties(x, x)) * (1 + np.all(x == x[0])) for x in xs]


@pytest.mark.parametrize(
    ("function", "backward", "jumping"),
    [
        (softmax, wrong_at_ties, True),
        (softmax, pulled, False),
        # The middle one of three has a slope along every line: no single one shows the kink.
        (lambda z: 2.0 * np.sort(z) / 2.0, sorted_pulled, False),
        (lambda z: np.abs(z) + 0.0, lambda dy, z: dy * np.sign(z), False),
        (lambda z: np.maximum(z, 1.0), lambda dy, z: dy * (z > 1), False),
    ],
    ids=["wrong at ties", "right", "a sort", "a kink", "another kink"],
)
def test_what_jumps_where_the_function_is_smooth_is_told_from_a_kink(function, backward, jumping):
    _, rule = declared(function, backward)
    assert jumps(rule, Case({"z": np.ones(3)}, 1)) == jumping
    assert not jumps(rule, Case({"z": np.array([1.25, 0.5, -2.0])}, 1))


@pytest.mark.parametrize(("backward", "jumping"), [(sums_pulled, False), (sums_wrong, True)])
def test_lists_of_arrays_are_looked_at_as_well(backward, jumping):
    rule = derivation(xs=arrays(real("k"), count="t"))(sums).vjp(backward)
    assert jumps(rule, Case({"xs": [np.ones(2), np.array([0.5, 2.0])]}, 1)) == jumping
    assert not jumps(same, Case({"z": np.ones(3)}, 1))


def test_hidden_inputs_have_arrays_of_equal_entries_whatever_the_seed():
    """Of each input some, of more than one entry: a rule that is wrong there meets them."""
    number = list(REGIMES).index(TIES)
    linear = derivation(x="n d", W="d m", b=real("m", low=0.0))(lambda x, W, b: x @ W + b)
    sampler = Sampler(linear.vjp(lambda dy, x, W, b: None))
    for seed in SEEDS:
        met = dict.fromkeys(linear.arguments, 0)
        for draft in sampler.covering(np.random.default_rng(seed), DRAWN):
            case = list(sampler.points(draft))[number]
            for name, value in case.inputs.items():
                met[name] += value.size > 1 and bool(np.all(value == value.flat[0]))
                assert name != "b" or np.all(value > 0)
        assert min(met.values()) >= 1, (seed, met)


def test_a_rule_that_is_wrong_at_equal_entries_is_met_at_every_seed():
    _, rule = declared(softmax, wrong_at_ties, smooth=True)
    profile = Profile("grading", INPUTS, derandomized=True, database=False, all_seeded=True)
    found = [check_claim(rule, profile, seed, simplify=False).record.status for seed in SEEDS]
    assert set(found) == {str(Status.FAIL)}
