"""The reports as real runs write them: pages, documents, GitHub, terminals, hostile files."""

import json
import os
import shlex
import sys
import xml.etree.ElementTree as ET

import jsonschema
import pytest

from gradcheck.report.document import schema
from tests.end_to_end.files import RIGHT, UNDECIDED, WRONG

posix = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is a thing of POSIX")
BROKEN = "import no_such_module\n"
HOSTILE = '''
from gradcheck import derivation

def f(x):
    """$\\\\text{<script>alert(1)</script>}$ <script>alert(2)</script> ]]>"""
    return x

f.__name__ = "<script>alert(3)</script>\\x1b[2J\\n::error::pwned & ]]> ##[error]pwned"
f = derivation(x="k")(f)

@f.vjp
def rule(dy, x):
    raise ValueError("::error::pwned\\n<script>alert(4)</script>\\x1b[2J ]]>")
'''


@pytest.fixture(scope="module")
def mixed(new_folder):
    """A folder with a right, a wrong, an undecided and a broken file."""
    folder = new_folder("mixed")
    for name, text in (("right", RIGHT), ("wrong", WRONG), ("coarse", UNDECIDED), ("no", BROKEN)):
        folder(f"derivations/{name}.py", text)
    return folder


def document(folder, name):
    read = json.loads((folder.path / name).read_text(encoding="utf-8"))
    jsonschema.validate(read, schema())
    return read


def statuses(read):
    return sorted((record["claim"], record["status"]) for record in read["records"])


def test_both_commands_write_the_same_findings(mixed):
    checked = mixed.gradcheck("check", "--inputs=10", "--html=a/a.html", "--json=a/a.json")
    assert checked.code == 1
    assert "wrote a/a.html\nwrote a/a.json" in checked
    collected = mixed.pytest("--gradcheck-html=b.html", "--gradcheck-json=b.json", "-n2", "-q")
    assert collected.code == 1
    assert "wrote b.html" in collected
    a, b = document(mixed, "a/a.json"), document(mixed, "b.json")
    assert statuses(a) == statuses(b)
    assert a["totals"] == b["totals"]
    assert a["totals"]["problems"] == 1
    assert "no_such_module" in a["problems"][0]["message"]
    assert "no_such_module" in b["problems"][0]["message"]
    failures = [
        next(record for record in read["records"] if record["status"] == "fail") for read in (a, b)
    ]
    assert failures[0]["failure"] == failures[1]["failure"]
    for name in ("a/a.html", "b.html"):
        page = (mixed.path / name).read_text(encoding="utf-8")
        assert page.count("<section") == 5
        assert page.count('class="heatmap"') >= 3


def test_a_run_of_other_tests_is_left_alone(folder):
    folder("test_mine.py", "def test_fails():\n    assert '\\x1b' == 1\n")
    result = folder.pytest("--gradcheck-json=run.json", "-q")
    assert result.code == 1
    assert "AssertionError" in result
    assert document(folder, "run.json")["records"] == []


@pytest.mark.parametrize("option", ["--html", "--json"])
def test_what_cannot_be_written_is_said_before_the_run(folder, option):
    folder("derivations/right.py", RIGHT)
    folder("taken", "")
    path = os.path.join("taken", "file")  # noqa: PTH118 - as a user types it
    for result in (
        folder.gradcheck("check", option, path),
        folder.pytest(f"--gradcheck{option[1:]}={path}"),
    ):
        assert result.code in (2, 4)
        assert "cannot be written" in result
        assert "Traceback" not in result
        assert "PASS" not in result


def test_what_is_not_installed_is_said_before_the_run(folder):
    folder("derivations/right.py", RIGHT)
    folder("hidden/sitecustomize.py", """
        import importlib.util
        find = importlib.util.find_spec
        importlib.util.find_spec = lambda name, *a: None if name == "jinja2" else find(name, *a)
    """)  # fmt: skip
    for result in (
        folder.gradcheck("check", "--html=a.html", PYTHONPATH="hidden"),
        folder.pytest("--gradcheck-html=a.html", PYTHONPATH="hidden"),
    ):
        assert result.code in (2, 4)
        assert (
            'needs jinja2, which is not installed; install the extra: pip install "gradcheck'
            in (result)
        )


@pytest.mark.parametrize("command", ["check", "pytest"])
def test_github_gets_annotations_and_a_summary(mixed, command, tmp_path):
    summary = tmp_path / "summary.md"
    variables = {
        "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(mixed.path),
        "GITHUB_STEP_SUMMARY": str(summary),
    }  # fmt: skip
    if command == "check":
        result = mixed.gradcheck("check", "--inputs=10", **variables)
    else:
        result = mixed.pytest("-q", **variables)
    commands = [line for line in result.output.splitlines() if line.startswith("::")]
    assert len(commands) == 3
    where = "::error file=derivations/wrong.py,line=10,title=gradcheck%3A softmax[vjp-backward]::"
    assert any(line.startswith(where) and "%0A" in line for line in commands)
    assert any(line.startswith("::warning file=derivations/coarse.py") for line in commands)
    assert any("no_such_module" in line for line in commands)
    text = summary.read_text(encoding="utf-8")
    assert text.count("## gradcheck") == 1
    assert "**fail**" in text


def test_hostile_names_and_messages_are_text_everywhere(folder):
    folder("derivations/hostile.py", HOSTILE)
    github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(folder.path / "summary.md")}
    checked = folder.gradcheck("check", "--html=a.html", "--json=a.json", **github)
    tested = folder.pytest(
        "--gradcheck-html=b.html", "--gradcheck-json=b.json", "--junitxml=junit.xml", **github
    )
    for result in (checked, tested):
        assert result.code == 1
        assert "\x1b" not in result.output
        assert r"\x1b[2J" in result
        assert "\n::error::pwned" not in result.output
        assert "\n  ::error::pwned" not in result.output
    assert not [line for line in checked.output.splitlines()
                if "##[" in line and not line.startswith("::error file=")]  # fmt: skip
    for name in ("a.html", "b.html", "summary.md"):
        text = (folder.path / name).read_text(encoding="utf-8")
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(4)" in text or "&lt;script&gt;alert&#40;4" in text
        assert "\x1b" not in text
    document(folder, "a.json")
    document(folder, "b.json")
    suite = ET.parse(folder.path / "junit.xml").getroot()
    properties = {p.get("name"): p.get("value") for p in suite.iter("property")}
    assert properties["gradcheck.status"] == "fail"
    assert "<script>alert(4)</script>" in next(suite.iter("failure")).text


def test_colour_reaches_the_reports_of_pytest_and_only_where_it_is_wanted(folder):
    folder("derivations/wrong.py", WRONG)
    coloured = "\x1b[1;31mFAIL, wrong value"
    assert coloured in folder.pytest("--color=yes", "--junitxml=junit.xml", "-n1")
    assert "\x1b" not in (folder.path / "junit.xml").read_text(encoding="utf-8")
    assert coloured in folder.gradcheck("check", FORCE_COLOR="1")
    assert "\x1b" not in folder.gradcheck("check", FORCE_COLOR="1", NO_COLOR="1").output


def test_a_plain_terminal_gets_plain_characters(folder):
    folder("derivations/wrong.py", WRONG)
    for result in (
        folder.gradcheck("check", PYTHONIOENCODING="ascii"),
        folder.pytest(PYTHONIOENCODING="ascii"),
    ):
        assert result.output.isascii()
        assert "+-" in result
        assert r"\u" not in result.output


def test_a_narrow_terminal_gets_narrow_sentences(folder):
    folder("derivations/coarse.py", UNDECIDED)
    lines = folder.gradcheck("check", "--inputs=10", COLUMNS="60").output.splitlines()
    start = next(k for k, line in enumerate(lines) if "set aside (" in line)
    assert max(map(len, lines[start : start + 3])) <= 60
    assert "stays finite" not in lines[start]


def test_a_case_that_would_fill_the_screen_is_found_again_by_its_draw(folder):
    folder("derivations/large.py", """
        import numpy as np
        from gradcheck import derivation, options

        @options(sizes={"k": (250, 260)})
        @derivation(z="k")
        def square(z):
            return z**2

        @square.vjp
        def last_is_wrong(dz, z):
            return dz * z * np.where(np.arange(len(z)) < 249, 2, 3)
    """)  # fmt: skip
    first = folder.gradcheck("check")
    assert max(map(len, first.output.splitlines())) < 200
    assert "z  = an array of shape (250,)" in first
    line = next(one for one in first.output.splitlines() if one.startswith("  gradcheck check"))
    again = folder.gradcheck(*shlex.split(line)[1:])
    assert again.code == 1
    assert "dz[249]         3 | 2 ±" in again


@posix
def test_a_long_run_shows_how_far_it_is_on_a_terminal(folder):
    import pty
    import subprocess

    for name in ("a", "b"):
        folder(f"derivations/{name}.py", RIGHT if name == "b" else WRONG)
    ours, theirs = pty.openpty()
    command = folder.command("-m", "gradcheck", "check", "--inputs=150", CI="true", TERM="xterm")
    with subprocess.Popen(**command, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
        printed = process.stdout.read()
    os.close(ours)
    assert b"[1/3] 0 of 150 inputs: derivations/a.py::softmax[vjp-backward]" in shown
    assert b"of 150 inputs, 1 failed so far: derivations/b.py::" in shown
    assert shown.endswith(b" \r")
    assert "1 failure" in printed
    assert "\r" not in printed
