"""Gradients are the same by their names, one after the other, in lists of lists, or in order."""

import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest

from gradcheck import derivation
from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.cli import main
from gradcheck.coursework.assignment import Picked
from gradcheck.coursework.grading import grade
from gradcheck.coursework.units import Function, Wanted
from gradcheck.verdict import Status
from gradcheck.verification import judge_at
from tests.coursework.generated import submission

SOURCE = submission("stable", "short", "right")[0]
IN_ORDER = "return dz @ W.T, x.T @ dz, dz.sum(axis=0)"
NAMED = {
    "as gradients": "return {'db': dz.sum(axis=0), 'dW': x.T @ dz, 'dx': dz @ W.T}",
    "as parameters": "return dict(W=x.T @ dz, x=dz @ W.T, b=dz.sum(axis=0))",
    "in words": "return dict(grad_W=x.T @ dz, grad_x=dz @ W.T, grad_b=dz.sum(axis=0), cost=1)",
}


def graded(source, tmp_path, homework, apart):
    (tmp_path / "submission.py").write_text(source)
    linear = [task for task in homework.tasks if task.name.startswith("linear")]
    homework = replace(homework, tasks=linear)
    one = grade(homework, tmp_path / "submission.py", apart, homework.hidden_seed, "one")
    return {part.name.rpartition(" ")[2]: part for part in one.parts}


OTHERWISE = {
    "yielded": "yield dz @ W.T\n    yield x.T @ dz\n    yield dz.sum(axis=0)",
    "mapped": "return map(np.asarray, (dz @ W.T, x.T @ dz, dz.sum(axis=0)))",
    "one array": "return np.array([dz @ W.T, x.T @ dz, dz.sum(axis=0), 0], dtype=object)[:3]",
    "parameters in a list": "return dz @ W.T, [x.T @ dz, dz.sum(axis=0)]",
    "lists of lists": "return (dz @ W.T).tolist(), (x.T @ dz).tolist(), dz.sum(axis=0).tolist()",
}


@pytest.mark.parametrize("way", [*NAMED, *OTHERWISE])
def test_they_are_found_however_they_are_returned(way, tmp_path, homework, apart):
    assert IN_ORDER in SOURCE
    wrong = {**NAMED, **OTHERWISE}[way].replace("dz.sum(axis=0)", "dz.cumsum(axis=0)")
    parts = graded(SOURCE.replace(IN_ORDER, wrong), tmp_path, homework, apart)
    assert [parts[name].earned > 0 for name in ("dx", "dW", "db")] == [True, True, False]


def test_gradients_of_one_shape_may_be_stacked():
    wanted = Wanted(names=("f",), parameters=("dl", "p", "t"), gradients=("p", "t"))
    answer = Function(lambda dl, p, t: np.stack([p - t, t - p]), wanted)(
        (1.0, np.ones(2), np.ones(2))
    )
    assert isinstance(answer, tuple), "an array is one gradient"
    assert [one.tolist() for one in answer] == [[0, 0], [0, 0]]
    one = Function(lambda dl, p, t: np.ones(3), wanted)((1.0, np.ones(2), np.ones(2)))
    assert one.shape == (3,)


def test_a_tuple_of_numbers_is_one_gradient():
    scaled = derivation(x="n", a="n")(lambda x, a: x * a)
    rule = scaled.vjp(lambda dy, x, a: (dy * a, tuple(dy * x)))
    picked = Rule(Picked(rule, "a"), scaled, "vjp", ("a",), register=False)
    inputs = {"x": np.array([1.0, 2.0]), "a": np.array([3.0, 4.0])}
    assert judge_at(picked, Case(inputs, seed=1)).status is Status.PASS


def test_one_that_is_not_there_is_named(tmp_path, homework, apart):
    lacking = "return {'dW': x.T @ dz, 'dx': dz @ W.T}"
    parts = graded(SOURCE.replace(IN_ORDER, lacking), tmp_path, homework, apart)
    said = "returns a dict without a gradient for 'b', such as db; it has dW, dx"
    assert said in parts["db"].reason


#: A gradient that no check can take, beside two that are right.
HOPELESS = {
    "noise": ("dz.sum(axis=0) * np.random.rand()", "not repeatable"),
    "changes": ("dz.sum(axis=0) * (1 + len(seen) % 7)", "not repeatable"),
    "complex": ("dz.sum(axis=0) + 0j", "complex128"),
    "enormous": ("np.broadcast_to(0.0, (1 << 20, 1 << 20, 1 << 10))", "far more than was asked"),
}


@pytest.mark.parametrize("kind", HOPELESS)
def test_one_that_is_hopeless_costs_no_other(kind, tmp_path, homework, apart):
    wrong, said = HOPELESS[kind]
    source = SOURCE.replace(IN_ORDER, f"seen.append(1)\n    return dz @ W.T, x.T @ dz, {wrong}")
    parts = graded(f"{source}\nseen = []\n", tmp_path, homework, apart)
    assert [parts[name].earned > 0 for name in ("dx", "dW", "db")] == [True, True, False], parts
    assert said in parts["db"].reason


@pytest.mark.parametrize("way", [NAMED["as gradients"], *OTHERWISE.values()])
def test_a_student_sees_the_same(way, tmp_path, homework, monkeypatch):
    shutil.copytree(homework.folder / "derivations", tmp_path / "own" / "derivations")
    source = SOURCE.replace(IN_ORDER, way)
    (tmp_path / "own" / "submission.py").write_text(source)
    monkeypatch.chdir(tmp_path / "own")
    monkeypatch.setattr(sys, "path", [*sys.path])  # the command adds to it
    assert main(["check", "--profile", "ci", "--inputs", "12"]) == 0
