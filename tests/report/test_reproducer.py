"""The script of a failure: run as it stands, in a process that knows nothing else."""

import os
import subprocess
import sys
import types

import numpy as np
import pytest

from gradcheck import Case
from gradcheck.report.reproducer import reproducer
from tests.report import borrowing, failures


def run(script, tmp_path):
    path = tmp_path / "pasted.py"
    path.write_text(script, encoding="utf-8")
    return subprocess.run(
        [sys.executable, path.name],
        cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60, check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


@pytest.mark.parametrize("name", ["sign_in_a_jacobian", "bias_averaged", "lost_square"])
def test_a_printed_script_fails_as_the_report_says(name, outcomes, tmp_path):
    record = outcomes[name].record
    assert record.message.endswith(record.failure.reproducer)
    result = run(record.failure.reproducer, tmp_path)
    assert result.returncode == 1
    assert f"GradientMismatch: {record.claim}: FAIL, {record.title}" in result.stderr


def test_what_a_rule_uses_comes_along(tmp_path):
    script = reproducer(borrowing.calls_others, Case({"x": np.array([1.0, np.inf])}))
    assert "FACTOR = 3.0" in script
    assert "def scaled(x):" in script
    assert "# A comment stays" in script
    assert "float('inf')" in script
    script = reproducer(borrowing.calls_others, Case({"x": np.array([1.0])}))
    assert "claimed" in run(script, tmp_path).stderr


@pytest.mark.parametrize(
    "rule", [borrowing.reads_an_array, borrowing.reads_a_module, borrowing.enclosed(2.0)]
)
def test_what_cannot_stand_alone_has_no_script(rule):
    assert reproducer(rule, Case({"x": np.array([1.0])})) == ""


def test_code_without_a_file_has_no_script():
    module = types.ModuleType("made")
    source = (
        "from gradcheck import derivation\n"
        "@derivation(x='k')\ndef g(x):\n    return x\n"
        "@g.vjp\ndef h(dy):\n    return dy\n"
    )
    exec(compile(source, "<made>", "exec"), vars(module))
    assert reproducer(module.h, Case({"x": np.array([1.0])})) == ""


def test_a_long_script_is_kept_from_the_screen():
    case = Case({"x": np.zeros(500), "W": np.zeros((1, 1)), "b": np.zeros(1)})
    assert reproducer(failures.bias_averaged, case) == ""
