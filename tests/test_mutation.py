"""Planted bugs: which are killed, which survive, which are no bugs at all, and how that is said."""

import itertools
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

import gradcheck as gc
from gradcheck import mutation
from gradcheck.checking import check_claim
from gradcheck.loading import found_at
from gradcheck.mutation.comparison import Comparison, Original
from gradcheck.mutation.mutants import Mutant, mutants_of, with_function
from gradcheck.mutation.trial import failure, try_mutant
from gradcheck.mutation.workers import Lost, share_out
from gradcheck.profiles import PROFILES
from gradcheck.regimes import REGIMES

CI = PROFILES["ci"]
LIMIT = 20.0


def linear_rule():
    @gc.derivation(x="n d", W="d m", b="m")
    def linear(x, W, b):
        return x @ W + b

    @linear.vjp
    def backward(dz, x, W, b):
        return dz @ W.T, x.T @ dz, dz.sum(axis=0)

    return backward


def slope(p):
    return 1.0 * (p > 0)


def relu_rule(**options):
    @gc.options(**options)
    @gc.derivation(p="h")
    def relu(p):
        return np.maximum(p, 0.0)

    @relu.vjp
    def backward(dr, p):
        return dr * slope(p)

    return backward


def fates(claim, kinds=None, profile=CI):
    """What becomes of the mutants of a claim, by what they are shown as."""
    original = Original(claim)
    return {
        mutant.after: try_mutant(original, mutant, profile, LIMIT)
        for mutant in mutants_of(claim)
        if kinds is None or mutant.kind in kinds
    }


def fate_of(function, limit=LIMIT):
    claim = linear_rule()
    mutant = Mutant("by hand", 0, "", "", with_function(claim, function))
    return try_mutant(Original(claim), mutant, CI, limit)


def test_bugs_of_a_rule_are_killed_and_what_is_no_bug_is_equivalent():
    found = fates(linear_rule())
    outcomes = [fate.outcome for fate in found.values()]
    assert outcomes.count("killed") > 60
    assert "survived" not in outcomes
    equivalent = {after for after, fate in found.items() if fate.outcome == "equivalent"}
    assert equivalent == {
        "return dz @ W.T, x.T @ dz, dz.sum(axis=0, keepdims=True)",
        "return dz @ W.T, x.T @ dz, dz.sum(axis=0).T",
        "return dz @ W.T, x.T @ dz, dz.sum(axis=-2)",
    }
    scaled = [after for after in found if after.startswith("one entry of the gradient for ")]
    assert len(scaled) == 3 * 6
    fate = found["return dz @ W.T, x.T @ dz, dz.sum(axis=-2)"]
    assert fate.how == f"agrees with the original to rounding at {fate.compared} inputs"
    assert fate.compared > CI.inputs


def test_what_no_difference_shows_survives_and_the_remedy_is_said():
    shown = "return 1.0 * (p >= 0)"  # in a function that the rule calls
    found = fates(relu_rule(), {"comparison", "sign"})
    assert {after for after, fate in found.items() if fate.outcome == "survived"} == {shown}
    assert "differs from the original by 1e+00" in found[shown].how
    assert "options(at_kink=…) says which slope is right" in found[shown].how
    assert fates(relu_rule(at_kink="left"), {"comparison"})[shown].outcome == "killed"


def test_of_a_survivor_the_inputs_are_named_that_show_it():
    few = replace(CI, inputs=7)  # all of size 1
    fate = fates(linear_rule(), {"function"}, few)["return dz @ W.T, x.T @ dz, dz.mean(axis=0)"]
    assert fate.outcome == "survived"
    assert "inputs with n = " in fate.how
    assert "show it: there it differs from the original by" in fate.how


def test_each_expression_of_an_identity_is_changed_by_itself():
    @gc.identity(z=gc.real("k", low=-30, high=30), i=gc.integers(high="k"))
    def chain(z, i):
        e = np.exp(z)
        return (
            e[i] / e.sum(),
            (e / e.sum())[i],
        )

    assert {mutant.expression for mutant in mutants_of(chain)} == {0, 1}
    found = fates(chain, {"power", "axis", "scaled entry"})
    assert found["e[i] / e.sum() ** 2,"].outcome == "killed"
    assert found["e[i] / e.sum(axis=0),"].outcome == "equivalent"
    assert found["one entry of expression 2 × (1 + 1e-06)"].outcome == "killed"
    assert "survived" not in {fate.outcome for fate in found.values()}


def test_a_chain_states_nothing_where_it_has_no_value():
    @gc.identity(x="k")
    def zero(x):
        return x - x, 0 * x

    found = fates(zero, {"operator"})
    assert found["return x - x, 0 / x"].outcome == "equivalent"  # it is 0 wherever it is anything

    @gc.identity(x=gc.real("k", low=1))
    def root(x):
        return np.sqrt(x) ** 2, x

    original = Original(root)
    mutant = replace(
        mutants_of(root)[0],
        claim=with_function(root, lambda x: (np.sqrt(-x) ** 2, x)),
        expression=0,
    )
    fate = try_mutant(original, mutant, CI, LIMIT)
    assert (fate.outcome, fate.how) == ("killed", "undecided")  # nowhere


def test_entries_are_compared_along_the_directions_of_the_domain():
    @gc.derivation(p=gc.simplex("k"))
    def entropy(p):
        return -np.sum(p * np.log(p))

    @entropy.gradient
    def gradient(p):
        return -np.log(p) - 1

    found = fates(gradient, {"constant", "sign"})
    assert found["return -np.log(p) - 2"].outcome == "equivalent"  # the same on the simplex
    assert "survived" not in {fate.outcome for fate in found.values()}
    assert "killed" in {fate.outcome for fate in found.values()}


def test_what_a_strategy_draws_is_compared_as_well():
    numbers = st.lists(st.floats(-2, 2), min_size=1, max_size=4).map(np.array)

    @gc.derivation(x=gc.strategy("k", numbers))
    def square(x):
        return x * x

    @square.vjp
    def backward(dy, x):
        return dy * 2 * x

    found = fates(backward, {"constant", "transpose"})
    assert found["return dy * 3 * x"].outcome == "killed"
    assert found["return dy * 2 * x.T"].outcome == "equivalent"


def raising(dz, x, W, b):
    raise KeyError("cache")


def missing(dz, x, W, b):
    return None


def in_place(dz, x, W, b):
    b += 1.0
    return dz @ W.T, x.T @ dz, dz.sum(axis=0)


def drifting(dz, x, W, b, calls=[0]):  # noqa: B006 - what is to be found
    calls[0] += 1
    return dz @ W.T, x.T @ dz * (1 + 1e-3 * calls[0]), dz.sum(axis=0)


@pytest.mark.parametrize(
    ("function", "how"),
    [
        (raising, "raises"),
        (missing, "wrong count"),
        (in_place, "input changed"),
        (drifting, "not repeatable"),
    ],
)
def test_a_mutant_that_raises_or_breaks_a_contract_is_killed(function, how):
    fate = fate_of(function)
    assert (fate.outcome, fate.how) == ("killed", how)


def test_a_mutant_that_does_not_end_is_killed_in_time():
    def endless(dz, x, W, b):
        while True:
            pass

    fate = fate_of(endless, limit=0.5)
    assert (fate.outcome, fate.how) == ("killed", "too slow")


def test_a_comparison_that_is_cut_off_goes_on_behind_the_input_that_was_slow():
    calls = []

    def slow_at_first(dz, x, W, b):
        calls.append(1)
        if len(calls) == 1:
            time.sleep(1.5)
        return dz @ W.T, x.T @ dz, dz.sum(axis=0)

    claim = linear_rule()
    mutant = Mutant("by hand", 0, "", "", with_function(claim, slow_at_first))
    fate = try_mutant(Original(claim), mutant, replace(CI, inputs=7), 1.2)
    assert fate.outcome == "equivalent", fate
    assert fate.compared > CI.inputs


def behave(task):
    """For the test below: what a worker does."""
    if task == "end":
        os._exit(3)
    if task == "hang":
        time.sleep(60)
    if task == "raise":
        raise KeyError("ours")
    return task


def test_a_worker_that_ends_or_hangs_is_replaced():
    results = dict(share_out(behave, ["a", "end", "hang", "raise", "b"], 1, 1.0))
    assert results[0] == "a"
    assert results[1] == Lost("ends the process")
    assert results[2] == Lost("does not end")
    assert results[3].ours
    assert "KeyError: 'ours'" in results[3].reason
    assert results[4] == "b"


def outlive(folder):
    """Hold a lock for long, with the process that wants the result killed meanwhile."""
    import fcntl

    with (Path(folder) / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(LIMIT)
        (Path(folder) / "survived").touch()


def test_a_worker_ends_with_the_process_that_it_works_for(tmp_path):
    fcntl = pytest.importorskip("fcntl", reason="files are locked otherwise on this system")
    shared = (
        "from gradcheck.mutation.workers import share_out\n"
        "from tests.test_mutation import outlive\n"
        f"list(share_out(outlive, [{str(tmp_path)!r}], 1, 100.0))"
    )
    killed = subprocess.run([sys.executable, "-c", shared], check=False, stderr=subprocess.DEVNULL)
    assert killed.returncode == -signal.SIGKILL
    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # free once the worker is gone
    assert not (tmp_path / "survived").exists()


def test_a_sample_is_the_same_for_the_same_seed(tmp_path):
    file = tmp_path / "derivations" / "double.py"
    file.parent.mkdir()
    text = (
        "from gradcheck import derivation\n\n\n"
        "@derivation(x='k')\ndef double(x):\n    return 2 * x\n\n\n"
        "@double.vjp\ndef backward(dy):\n    return 2 * dy\n"
    )
    file.write_text(text, encoding="utf-8")
    (found,) = found_at(file)
    claims = [(f"{file}::{found.id}", found.claim)]
    one, same, other = (
        [tried.after for tried in mutation.measure(claims, settings).tried]
        for settings in (
            mutation.Settings(jobs=1, sample=6, seed=1, inputs=14),
            mutation.Settings(jobs=2, sample=6, seed=1, inputs=14),
            mutation.Settings(jobs=1, sample=6, seed=2, inputs=14),
        )
    )
    assert len(one) == 6
    assert one == same
    assert one != other
    assert file.read_text(encoding="utf-8") == text
    assert [path.name for path in file.parent.iterdir() if path.is_file()] == ["double.py"]


def test_a_mutant_fails_at_first_sight_where_the_property_fails():
    """Judged first is where it differs; the property, which knows nothing of that, agrees."""
    claim = linear_rule()
    original = Original(claim)
    early = 0
    for mutant in mutants_of(claim)[::5]:
        seen = []
        outcome = check_claim(mutant.claim, CI, simplify=False, judged=seen.append)
        comparison = Comparison(original, mutant)
        if not comparison.differs():
            continue
        (_, point), *_ = comparison.differences
        failed = failure(mutant.claim, comparison, CI, LIMIT)
        early += failed != ""
        if failed:
            assert outcome.record.status == "fail", mutant.after
            cases = {v.case.seed: v for v in seen if v.status is gc.Status.FAIL}
            assert point.case.seed in cases, mutant.after
            assert cases[point.case.seed].title == failed
    assert early > 10


def test_what_is_compared_first_is_what_the_property_tries_first():
    for claim in (linear_rule(), relu_rule()):
        seen = []
        check_claim(claim, CI, judged=lambda verdict, seen=seen: seen.append(verdict.case))
        first = list(
            itertools.takewhile(
                lambda point: point.first, (point for point, _ in Original(claim).answers())
            )
        )
        assert len(first) >= 3 * len(REGIMES)
        for point, case in zip(first, seen, strict=False):
            assert repr(point.case) == repr(case)
