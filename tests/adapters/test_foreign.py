"""A sample of the nightly tables: rules of torch and JAX at the points at which each tests its own.

Skipped where these are not installed: `pip install --group foreign`.
"""

import importlib
import warnings

import numpy as np
import pytest

from tests.adapters.foreign.rows import Row, answer

TORCH = "addmm logsumexp nn.functional.layer_norm index_select sort linalg.cholesky"
JAX = "dot_general cumsum reduce_max scatter_add cholesky"


@pytest.mark.parametrize(("framework", "names"), [("torch", TORCH), ("jax", JAX)])
@pytest.mark.filterwarnings("ignore")  # what frameworks warn of at import is their own
def test_rules_of_frameworks(framework, names):
    needed = {"torch": "expecttest", "jax": "absl"}[framework]
    for module in (framework, needed):
        with warnings.catch_warnings(action="ignore"):
            pytest.importorskip(module, reason=f"{module} is not installed")
    rows = importlib.import_module(f"tests.adapters.foreign.of_{framework}").rows
    wanted = set(names.split())
    answers = [answer(row) for row in rows(1, wanted.__contains__)]
    assert {one.name for one in answers} == wanted
    assert {(one.ours, one.native) for one in answers} == {("pass", "accepted")}, answers


def test_a_wrong_rule_is_told_by_both():
    def alarm():
        raise AssertionError

    row = Row("sin", [np.array([0.3, 1.2])], np.sin, lambda g, x: g * np.cos(x) * 1.01, alarm)
    found = answer(row)
    assert (found.ours, found.native) == ("fail", "alarm")
    assert "claimed" in found.why


def test_what_does_not_end_is_cut(monkeypatch):
    monkeypatch.setattr("tests.adapters.foreign.rows.TIME_LIMIT", 0.5)

    def forever(x):
        while True:
            pass

    row = Row("forever", [np.array([1.0])], forever, lambda g, x: g, lambda: True)
    assert answer(row).ours == "undecided"
