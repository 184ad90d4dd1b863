"""The `gradcheck` command as a process: exit codes, messages, and the line that replays."""

import os
import re
import shlex
import subprocess
import sys

import pytest

from tests.end_to_end.files import RIGHT, WRONG


def gradcheck(cwd, *arguments):
    result = subprocess.run(
        [sys.executable, "-m", "gradcheck", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "CI": "true", "PYTHONIOENCODING": "utf-8"},
        timeout=120,
        check=False,
    )
    return result.returncode, result.stdout + result.stderr


def test_pass_and_fail_have_their_exit_codes(folder):
    folder("derivations/softmax.py", RIGHT)
    code, output = gradcheck(folder.path, "check")
    assert code == 0, output
    assert "PASS       derivations/softmax.py::softmax[vjp-backward]" in output
    folder("derivations/wrong.py", WRONG)
    code, output = gradcheck(folder.path, "check", "derivations")
    assert code == 1
    assert "FAIL       derivations/wrong.py::softmax[vjp-backward]" in output


def test_the_printed_line_replays(folder):
    folder("derivations/wrong.py", WRONG)
    _, output = gradcheck(folder.path, "check")
    (line,) = re.findall(r"^ +(gradcheck replay .*)$", output, flags=re.MULTILINE)
    code, again = gradcheck(folder.path, *shlex.split(line)[1:])
    assert code == 1
    assert "softmax[vjp-backward]: FAIL, wrong value" in again
    (entry,) = re.findall(r"^ +dz\[0\] .*$", output.split("largest")[0], flags=re.MULTILINE)
    assert entry in again


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "nowhere"], "there is no such file or folder"),
        (["check", "derivations"], "nothing is declared there"),
        (["check", "derivations/a.py::b"], "no such file"),
        (["replay", "derivations/a.py", "Case({})"], "names no claim"),
        (["new", "not a name"], "is not a name"),
        (["check", "--inputs", "0"], "at least 1"),
    ],
)
def test_wrong_use_is_exit_code_2(folder, arguments, words):
    code, output = gradcheck(folder.path, *arguments)
    assert code == 2
    assert words in output
    assert "Traceback" not in output


def test_undecided_is_exit_code_3(folder):
    folder(
        "derivations/overflows.py",
        """
        import numpy as np
        from gradcheck import derivation

        @derivation(x="k")
        def f(x):
            return np.exp(1e5 * np.abs(x) + 1e5)

        @f.vjp
        def rule(dy, y):
            return dy * y
        """,
    )
    code, output = gradcheck(folder.path, "check")
    assert code == 3
    assert "UNDECIDED, not accused" in output


def test_new_writes_a_file_that_passes(folder):
    code, output = gradcheck(folder.path, "new", "my_layer")
    assert code == 0
    assert "wrote derivations" in output
    code, output = gradcheck(folder.path, "check", "derivations/my_layer.py")
    assert code == 0, output
    code, output = gradcheck(folder.path, "new", "my_layer")
    assert code == 2
    assert "is there already" in output


def test_list_names_every_claim(folder):
    folder("derivations/softmax.py", RIGHT)
    code, output = gradcheck(folder.path, "list")
    assert code == 0
    assert output.split() == [
        "derivations/softmax.py::shift_invariance",
        "derivations/softmax.py::softmax[vjp-backward]",
    ]


BAD_RULES = {
    "None; is a return statement missing?": "pass",
    "has shape (1, 1)": "return np.ones((len(z), len(z))) if len(z) > 1 else np.ones((1, 1))[None]",
    "object": "return np.array([None] * len(z))",
    "complex": "return dy + 0j",
    "array of dtype bool": "return z > 0",
    "numerically unstable": "return dy * np.nan",
    "not repeatable": "return dy * np.random.rand()",
    "changes its cotangent 'dy'": "dy *= 2; return dy",
    "changes its input 'z'": "z *= 2; return 2 * dy",
    "ZeroDivisionError": "return dy * (1 // 0)",
    "not linear in the cotangent": "return 2 * dy * (dy > 0)",
}


@pytest.mark.parametrize("words", list(BAD_RULES))
def test_a_bad_rule_gets_a_message_that_helps(folder, words):
    if words.startswith("has shape"):
        words = "has shape"
        body = BAD_RULES["has shape (1, 1)"]
    else:
        body = BAD_RULES[words]
    folder(
        "derivations/bad.py",
        f"""
        import numpy as np
        from gradcheck import derivation

        @derivation(z="k")
        def double(z):
            return 2 * z

        @double.vjp
        def rule(dy, z):
            {body}
        """,
    )
    code, output = gradcheck(folder.path, "check")
    assert code == 1
    assert words in output
    assert "bad.py:9" in output
    assert "z" in output
    assert "Traceback" not in output
