"""`gradcheck mutate` as a process: what it prints and writes, and how it ends."""

import json
import re
import shlex
import sys

import pytest

from gradcheck.cli import main
from tests.end_to_end.files import WRONG

SOFTMAX = """
import numpy as np
from gradcheck import derivation, identity

@derivation(z="k")
def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()

@softmax.vjp
def backward(dy, y):
    return y * (dy - dy @ y)

@identity(z="k")
def one(z):
    return softmax(z).sum(), 1.0
"""
#: Without a declared convention nothing can be said at the kink.
RELU = """
import numpy as np
from gradcheck import derivation

@derivation(p="h")
def relu(p):
    return np.maximum(p, 0.0)

@relu.vjp
def backward(dr, p):
    return dr * (p > 0)
"""
NO_SOURCE = """
from gradcheck import identity

exec("def made(z):\\n    return 2 * z, 2 * z")
identity(z="k")(made)
"""


def test_a_folder_is_mutated_counted_and_left_as_it_is(folder):
    folder("derivations/softmax.py", SOFTMAX)
    folder("derivations/relu.py", RELU)
    file = folder.path / "derivations" / "softmax.py"
    before = file.read_bytes(), file.stat().st_mtime_ns
    result = folder.gradcheck("mutate", "--jobs=1", "--json=out.json", "--fail-under=0.95")
    assert result.code == 0, result.output
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    assert "derivations/softmax.py::softmax[vjp-backward]  " in result
    survivor = (
        "SURVIVED  derivations/relu.py:11: comparison, in relu[vjp-backward]\n"
        "  - return dr * (p > 0)\n"
        "  + return dr * (p >= 0)\n"
        "  differs from the original by 1e+00 of its size at '"
    )
    assert survivor in result
    assert re.search(r"at '(small integers|zeros and ties)' inputs with h = ", result.output)
    assert result.output.count("SURVIVED") == 1
    assert " mutants: " in result.output.splitlines()[-1]
    assert re.search(r"derivations/relu.py +\d+ +1 +\d+\n", result.output)
    assert re.search(r"derivations/softmax.py +\d+ +0 +\d+\n", result.output)
    data = json.loads((folder.path / "out.json").read_text(encoding="utf-8"))
    assert data["schema"] == 1
    assert data["survived"] == 1
    assert data["killed"] + data["equivalent"] + 1 == data["mutants"] == len(data["tried"])
    assert data["score"] == data["killed"] / (data["killed"] + 1)
    assert f"score {data['score']:.4f}" in result
    killed = {one["how"] for one in data["tried"] if one["outcome"] == "killed"}
    assert {"wrong value", "wrong shape", "the = does not hold", "cotangent changed"} <= killed


def test_a_score_below_the_limit_fails_and_a_sample_is_drawn_by_its_seed(folder):
    folder("derivations/relu.py", RELU)
    options = ("--jobs=1", "--inputs=14", "--sample=29", "--seed=1", "--fail-under=1")
    result = folder.gradcheck("mutate", *options)
    assert result.code == 1, result.output
    assert "29 mutants of 30" in result
    assert ", drawn by seed 1: " in result
    assert "1 survived" in result
    assert "; --fail-under asks for 1\n" in result


def test_a_claim_that_fails_by_itself_has_no_mutants(folder):
    folder("derivations/wrong.py", WRONG)
    folder("derivations/broken.py", "import nothing_of_this_name")
    result = folder.gradcheck("mutate", "--jobs=1", "--inputs=14")
    assert result.code == 1
    assert "derivations/wrong.py::softmax[vjp-backward]: it does not pass itself\n" in result
    assert "derivations/broken.py:1: cannot be imported: ModuleNotFoundError" in result
    assert re.search(r"^0 mutants of \d+: 0 killed, .*: nothing to score$", result.output, re.M)
    line = next(line for line in result.output.splitlines() if "gradcheck replay" in line)
    assert '"derivations/wrong.py::softmax[vjp-backward]"' in line
    replayed = folder.gradcheck(*shlex.split(line)[1:])
    assert "softmax[vjp-backward]: FAIL" in replayed, replayed.output


def test_where_the_source_is_not_at_hand(folder):
    folder("derivations/made.py", NO_SOURCE)
    result = folder.gradcheck("mutate", "derivations/made.py::made", "--jobs=1")
    assert result.code == 1
    assert "made.py::made: there is no source at hand in which a bug could be planted" in result
    assert "Traceback" not in result


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing"], "missing: there is no such file or folder"),
        (["script.py"], "script.py: nothing is declared there"),
        (["script.py", "--jobs=0"], "--jobs: at least 1"),
        (["script.py", "--sample=0"], "--sample: at least 1"),
        (["script.py", "--fail-under=99"], "--fail-under: a share between 0 and 1"),
        (["script.py", "--time-limit=0"], "--time-limit: a number of seconds above 0"),
        (["script.py", "--json=no/such/folder.json"], "--json: there is no folder no"),
    ],
)
def test_wrong_use_is_said_in_a_line(tmp_path, monkeypatch, capsys, arguments, words):
    (tmp_path / "script.py").write_text("print", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    assert main(["mutate", *arguments]) == 2
    output, error = capsys.readouterr()
    assert output == ""
    assert error.startswith(f"gradcheck: {words}")
    assert error.count("\n") == 1
