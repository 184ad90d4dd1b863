"""The property: what is wrong only somewhere is found, and made small."""

import random
import re
import shutil
import subprocess
import time

import numpy as np
import pytest

import gradcheck as gc
from gradcheck.checking import check, check_claim
from gradcheck.claims import Rule
from gradcheck.hints import Hints
from gradcheck.profiles import PROFILES
from gradcheck.sampling import Sampler
from gradcheck.simplification import Simplifier
from gradcheck.verdict import Status, Verdict

SEEDS = range(20)
ONE = np.eye(1)


def tanh_with(rule):
    @gc.derivation(x="n d")
    def tanh(x):
        return np.tanh(x)

    return tanh.vjp(rule)


def relu_with(rule):
    @gc.options(at_kink="left")
    @gc.derivation(p="n h")
    def relu(p):
        return np.maximum(p, 0.0)

    return relu.vjp(rule)


def beyond_three(dy, x):
    return dy * (1 - np.tanh(x) ** 2) * np.where(np.abs(x) > 3, 1.5, 1.0)


def test_a_case_is_shown_by_numbers_of_its_own_inputs():
    # At a = 0 the simplest numbers would be those of a point right beside the kink.
    @gc.derivation(x="n k", a="k")
    def gated(x, a):
        return np.log1p((x**2 * np.abs(a)).sum(axis=1)).mean()

    @gated.gradient
    def summed(x, a):
        d = 1 + (x**2 * np.abs(a)).sum(axis=1, keepdims=True)
        return 2 * x * np.abs(a) / d, (np.sign(a) * x**2 / d).mean(axis=0)

    with pytest.raises(gc.GradientMismatch) as found:
        check(summed)
    (verdict,) = found.value.verdicts
    assert verdict.kinks == 0
    assert verdict.case.inputs["a"].all()
    on_the_kink = gc.verify_gradient(
        gated.function, summed.function, np.array([[0.0], [1.0]]), np.zeros(1)
    )
    assert on_the_kink.status is gc.Status.FAIL
    assert "right beside" in on_the_kink.reason


def test_sizes_that_differ_are_always_tried_within_any_limits():
    for low, high in ((1, 2), (2, 3), (1, 8), (5, 6)):

        @gc.options(sizes=dict.fromkeys("ndm", (low, high)))
        @gc.derivation(x="n d", W="d m")
        def linear(x, W):
            return x @ W

        rule = Rule(lambda dz, W: dz @ W.T, linear, "vjp", ("x",), register=False)
        tried = Sampler(rule).sizes.always()
        assert any(sizes["n"] == sizes["d"] == sizes["m"] for sizes in tried)
        for a, b in ("nd", "dm"):
            assert {np.sign(sizes[a] - sizes[b]) for sizes in tried} == {-1, 0, 1}


def test_each_size_is_1_by_itself_once():
    met = set()

    @gc.derivation(a="n d m")
    def squares(a):
        return a * a

    def backward(dy, a):
        met.add(a.shape)
        return 2 * a * dy

    rule = Rule(backward, squares, "vjp", ("a",), register=False)
    for seed in range(3):
        met.clear()
        check(rule, profile="ci", seed=seed)
        alone = [[size == 1 for size in shape] for shape in met if shape.count(1) == 1]
        assert {tuple(one) for one in alone} == {
            (True, False, False), (False, True, False), (False, False, True)
        }  # fmt: skip


def one_sample(dy, x):
    return dy * (1 - np.tanh(x) ** 2) * (2.0 if len(x) == 1 else 1.0)


def a_batch(dy, x):
    return dy * (1 - np.tanh(x) ** 2) / len(x)


def at_zero(dr, p):
    return dr * (p >= 0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("rule", [beyond_three, one_sample, a_batch, at_zero])
def test_what_is_wrong_only_somewhere_is_found(rule, seed):
    claim = relu_with(rule) if rule is at_zero else tanh_with(rule)
    with pytest.raises(gc.GradientMismatch, match=rule.__name__):
        check(claim, seed=seed, profile="ci")


def test_the_failing_case_is_small():
    claim = tanh_with(a_batch)
    with pytest.raises(gc.GradientMismatch) as failure:
        check(claim, profile="ci")
    (verdict,) = failure.value.verdicts
    assert verdict.case.inputs["x"].shape == (2, 1)
    assert set(verdict.case.inputs["x"].reshape(-1)) <= {0.0, 1.0, -1.0}
    with pytest.raises(gc.GradientMismatch, match="a_batch"):
        gc.replay(claim, gc.Case.parse(repr(verdict.case)))


def test_a_record_says_what_was_done():
    (record,) = check(tanh_with(lambda dy, x: dy * (1 - np.tanh(x) ** 2)), profile="ci")
    assert record.inputs >= 100
    assert record.status == "pass"
    assert record.finest < 1e-6


def test_global_random_state_is_neither_used_nor_changed():
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    check(tanh_with(lambda dy, x: dy * (1 - np.tanh(x) ** 2)), profile="ci", inputs=30)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


def test_a_claim_that_never_says_anything_fails():
    @gc.derivation(x="k")
    def same(x):
        return 1.0 * x

    @same.partial(where=lambda i, j: i > 1000)
    def nothing():
        return 1.0

    with pytest.raises(gc.GradientMismatch, match="says nothing at any"):
        check(nothing, profile="ci", inputs=30)


def test_a_function_that_raises_everywhere_fails_and_one_that_overflows_is_undecided():
    @gc.derivation(x="k")
    def broken(x):
        raise KeyError("cache")

    @broken.vjp
    def rule(dy):
        return dy

    with pytest.raises(gc.GradientMismatch, match="KeyError"):
        check(rule, profile="ci", inputs=20)

    @gc.derivation(x="k")
    def huge(x):
        return np.exp(x * x + 1e4)

    @huge.vjp
    def other(dy, x, y):
        return 2 * dy * x * y

    with pytest.raises(gc.GradientUndecided, match="narrow the domain"):
        check(other, profile="ci", inputs=20)


def test_dims_that_no_sizes_satisfy_are_an_error():
    @gc.options(sizes={"n": (1, 3)})
    @gc.derivation(x="n-5")
    def f(x):
        return 1.0 * x

    @f.vjp
    def rule(dy):
        return dy

    with pytest.raises(gc.DeclarationError, match="no sizes make every axis at least 1"):
        check(rule)


def test_sizes_that_are_asked_for_may_be_large():
    @gc.options(sizes={"n": (9000, 9000)})
    @gc.derivation(x="n")
    def doubled(x):
        return 2.0 * x

    assert Sampler(doubled.vjp(lambda dy: 2.0 * dy)).sizes.always() == [{"n": 9000}]


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda f: f.vjp(lambda z, y: y), "its first parameter is the cotangent"),
        (lambda f: f.vjp(lambda dy, q: dy), "known names: z, y"),
        (lambda f: f.vjp(lambda dy, *rest: dy), r"\*args"),
        (lambda f: f.vjp("w")(lambda dy: dy), "'w' is not a differentiable input"),
    ],
)
def test_a_rule_that_cannot_be_filled_says_so_when_it_is_checked(declare, words):
    @gc.derivation(z="k")
    def f(z):
        return 1.0 * z

    with pytest.raises(gc.DeclarationError, match=words):
        check(declare(f))


def test_a_function_that_takes_its_inputs_by_position_alone_says_so():
    with pytest.raises(gc.DeclarationError, match="'x' by position alone"):
        check(gc.derivation(x="k")(np.sin).vjp(lambda dy: dy))


def test_names_that_clash():
    @gc.derivation(y="k")
    def f(y):
        return 1.0 * y

    with pytest.raises(gc.DeclarationError, match="input called 'y'"):
        check(f.vjp(lambda dy: dy))


def test_a_smaller_case_at_which_a_rule_does_not_end_is_cut_and_the_failure_kept():
    @gc.derivation(z="k")
    def double(z):
        return 2.0 * z

    @double.vjp
    def endless_at_zero(dy, z):
        x = abs(z[0])
        while x < 1:
            x *= 2
        return 3 * dy

    outcome = check_claim(endless_at_zero, PROFILES["ci"], time_limit=1)
    assert outcome.record.status == "fail"
    assert outcome.record.title == "wrong value"
    assert "gradcheck replay" in outcome.record.message


def test_what_is_slow_but_right_so_far_is_not_accused():
    @gc.derivation(z="k")
    def double(z):
        time.sleep(0.02)
        return 2.0 * z

    @double.vjp
    def right(dy):
        return 2 * dy

    record = check_claim(right, PROFILES["ci"], time_limit=1).record
    assert record.status == "undecided"
    told = " ".join(record.message.split())
    assert f"{record.inputs} inputs, none of them wrong; allow more time" in told


@pytest.mark.skipif(shutil.which("bash") is None, reason="the line is pasted into bash")
@pytest.mark.parametrize("text", ["it's", 'a "b"', "$HOME", "`x`", "back\\slash"])
def test_the_replay_line_survives_a_shell(text):
    @gc.derivation(x="k", how=gc.choice(text))
    def double(x, how):
        return 2.0 * x

    @double.vjp
    def wrong(dy):
        return 3 * dy

    message = check_claim(wrong, PROFILES["ci"]).record.message
    line = message.splitlines()[-1].replace("gradcheck replay", "printf '%s\\n'")
    printed = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert gc.Case.parse(printed.stdout.splitlines()[-1]).inputs["how"] == text


@pytest.mark.parametrize("seed", range(5))
def test_a_thin_region_beside_a_threshold_that_is_computed(seed):
    threshold = np.sqrt(2.0) * np.exp(0.3)

    @gc.derivation(x="k")
    def huber(x):
        a = np.abs(x)
        return np.where(a <= threshold, x * x / 2, threshold * (a - threshold / 2))

    @huber.vjp
    def thin(dy, x):
        return dy * np.where(np.abs(x) <= 1.01 * threshold, x, threshold * np.sign(x))

    @huber.vjp
    def right(dy, x):
        return dy * np.clip(x, -threshold, threshold)

    with pytest.raises(gc.GradientMismatch):
        check(thin, seed=seed)
    check(right, seed=seed)


def test_what_is_wrong_without_ties_too_is_not_told_of_ties():
    @gc.derivation(a="n", b="n")
    def wasserstein(a, b):
        return np.abs(np.sort(a) - np.sort(b)).mean()

    @wasserstein.gradient
    def wrong_gather(a, b):
        i, j = np.argsort(a), np.argsort(b)
        s = np.sign(a[i] - b[j]) / len(a)
        return s[i], -s[j]  # sorted once more, not put back: right for two

    outcome = check_claim(wrong_gather, PROFILES["ci"], hints=Hints.of("none"))
    assert outcome.record.title == "wrong value"


def linear_of(x, W):
    return x @ W


def rows_of(E, idx):
    return E[idx]


@pytest.mark.parametrize(
    ("function", "dims", "said"),
    [
        (linear_of, {"x": "n d", "W": "m d"}, 'W is declared "m d", .* it runs with W = "d m"'),
        (rows_of, {"E": "v d", "idx": "t"}, r'declare idx=integers\("t", high="v"\)$'),
        (rows_of, {"E": "v", "idx": "v"}, r'high="v"\), or idx=boolean\("v"\) for a mask$'),
    ],
)
def test_what_is_declared_as_what_the_function_cannot_take_is_named(function, dims, said):
    declared = gc.derivation(**dims)(function)
    rule = declared.vjp(next(iter(dims)))(lambda dy, W=ONE: dy @ W.T)
    message = check_claim(rule, PROFILES["ci"]).record.message
    assert re.search(said, message, re.MULTILINE), message


def test_that_a_rule_loses_digits_is_said_once_with_the_worst_of_its_inputs():
    @gc.derivation(b=gc.real("n", low=1, high=1e8), c=gc.real("n", low=0.01, high=1e3))
    def root(b, c):
        return 2 * c / (b + np.sqrt(b * b + 4 * c))

    @root.vjp
    def cancels(dy, b, c):
        r = np.sqrt(b * b + 4 * c)
        return dy * (b - r) / 2 / r, dy / r

    @root.vjp
    def keeps(dy, b, c, y):
        r = np.sqrt(b * b + 4 * c)
        return -dy * y / r, dy / r

    record = check_claim(cancels, PROFILES["ci"]).record
    assert record.status == "pass"
    (note,) = record.notes
    assert note.startswith("passes, but the rule loses digits at ")
    assert " of 100 inputs: " in note
    assert "which only its own rounding explains" in note
    assert check_claim(keeps, PROFILES["ci"]).record.notes == []


@pytest.mark.parametrize(("low", "high"), [(-0.3, 1e6), (0.0, 1.0), (5.0, 7.0), (1e-3, 2e-3)])
@pytest.mark.parametrize("factor", [1.0, 1.01])
def test_a_function_is_not_called_outside_of_its_domain(low, high, factor):
    """It may not come to an end there, as an iteration that waits for a number does."""
    room = 1e-9 * (high - low)  # the last bit of an input may be moved
    outside = []

    @gc.derivation(x=gc.real("k", low=low, high=high))
    def distances(x):
        seen = np.asarray(x)
        if seen.dtype == float and not ((seen >= low - room) & (seen <= high + room)).all():
            outside.append(seen)
        return np.sqrt(np.abs(x - low)) + np.log1p(np.abs(high - x))

    @distances.vjp
    def backward(dy, x):
        with np.errstate(divide="ignore"):
            return factor * dy * (0.5 / np.sqrt(x - low) - 1 / (1 + high - x))

    found = check_claim(backward, PROFILES["ci"])
    assert (found.verdict is not None) == (factor != 1.0)
    assert not outside


def test_a_rule_that_answers_otherwise_when_it_is_asked_again_is_no_error_of_the_harness():
    """What failed among drawn sizes is asked for once more, and may be right by then."""
    for right in (60, 64, 66, 71):
        count = 0

        @gc.derivation(x="k")
        def total(x):
            return x.sum()

        @total.gradient
        def rule(x, right=right):
            nonlocal count
            count += 1
            return np.ones_like(x) * (1.0 if count < right or count > right + 6 else 2.0)

        outcome = check_claim(rule, PROFILES["ci"])
        assert outcome.record.status in ("pass", "fail")


def test_a_long_array_is_made_small_by_its_halves_and_quarters():
    @gc.derivation(x="n")
    def energy(x):
        return 0.5 * (x @ x)

    @energy.gradient
    def gradient(x):
        return x

    tried = []

    def judge(case):
        tried.append(case)
        status = (
            Status.FAIL if case.inputs["x"].size == 32 and case.inputs["x"][21] else Status.PASS
        )
        return Verdict(status, "gradient", title="wrong value", case=case)

    case = gc.Case({"x": np.linspace(1.25, 8.75, 32)})
    failure = Verdict(Status.FAIL, "gradient", title="wrong value", case=case)
    shown = Simplifier(energy, judge, failure).run()
    assert shown.case.inputs["x"].tolist() == [0.0] * 21 + [1.0] + [0.0] * 10
    assert len(tried) <= 35
