"""The `gradcheck` command as a process: exit codes, messages, and the line that replays."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.end_to_end.conftest import GRADCHECK
from tests.end_to_end.files import RIGHT, SLOW, UNDECIDED, WRONG

ESCAPE = "\x1b["
posix = pytest.mark.skipif(os.name == "nt", reason="signals, pipes and terminals of POSIX")


# ---- check ---------------------------------------------------------------------------------


def test_pass_fail_and_undecided_have_their_exit_codes(folder):
    folder("derivations/softmax.py", RIGHT)
    result = folder.gradcheck("check")
    assert result.code == 0, result.output
    assert "PASS       derivations/softmax.py::softmax[vjp-backward]  100 inputs, reso" in result
    assert re.search(r"^2 claims checked on 200 inputs, .*: 0 failures$", result.output, re.M)
    folder("derivations/noisy.py", UNDECIDED)
    result = folder.gradcheck("check", "derivations", "--inputs=14")
    assert result.code == 3
    assert "UNDECIDED  derivations/noisy.py::overflows[vjp-rule]\n" in result
    assert "overflows[vjp-rule]: UNDECIDED, not accused" in result
    folder("derivations/wrong.py", WRONG)
    result = folder.gradcheck("check", "derivations", "--inputs=14")
    assert result.code == 1
    assert "FAIL       derivations/wrong.py::softmax[vjp-backward]\n" in result
    assert ": 1 failure\n" in result
    assert ESCAPE not in result


def test_paths_name_files_folders_and_claims_and_each_is_checked_once(folder):
    folder("work/derivations/softmax.py", RIGHT)
    folder(
        "work/derivations/deep/copy.py", "from derivations.softmax import softmax as s\n" + RIGHT
    )
    folder("work/script.py", "raise SystemExit('a script must not run')\n")
    folder("loose/json.py", "import json.decoder\nfrom helper import one\n" + RIGHT)
    folder("loose/helper.py", "one = 1\n")
    folder("loose/script.py", "raise SystemExit('a script must not run')\n")
    folder("tests/__init__.py", "")
    folder("tests/numbers.py", "ONE = 1\n")
    folder("tests/test_it.py", "from .numbers import ONE\n" + RIGHT)

    def listed(*paths):
        result = folder.gradcheck("list", "--ids", *paths)
        assert result.code == 0, result.output
        return result.output.splitlines()

    both = ["::shift_invariance", "::softmax[vjp-backward]"]
    deep = ["work/derivations/deep/copy.py" + claim for claim in both]
    flat = ["work/derivations/softmax.py" + claim for claim in both]
    assert listed("work") == deep + flat
    assert listed("work/derivations/deep", "work", "./work/derivations/softmax.py") == deep + flat
    assert listed("work/derivations/softmax.py::softmax") == flat[1:]
    assert listed("loose") == ["loose/json.py" + claim for claim in both]
    assert listed("tests/test_it.py") == ["tests/test_it.py" + claim for claim in both]


def test_what_cannot_be_checked_fails_alone(folder):
    folder("derivations/a_syntax.py", "def f(:\n")
    folder(
        "derivations/b_unsound.py",
        """
        from gradcheck import derivation, options, real

        @options(sizes={"k": (1, 3)})
        @derivation(z="k-5")
        def too_small(z):
            return 2 * z

        @too_small.vjp
        def backward(dy):
            return 2 * dy

        @derivation(z=real("k", low=lambda a: unknown), a=real())
        def domain(z, a):
            return a * z

        @domain.vjp("z")
        def dz(dy, a):
            return a * dy

        @derivation(z="k")
        def leaves(z):
            exit("enough")

        @leaves.vjp
        def leave(dy):
            return dy
        """,
    )
    folder("derivations/softmax.py", RIGHT)
    result = folder.gradcheck("check", "--inputs=7")
    assert result.code == 1
    for said in (
        "ERROR      derivations/a_syntax.py::import\n",
        "derivations/a_syntax.py:1: cannot be imported: SyntaxError: ",
        "ERROR      derivations/b_unsound.py::too_small[vjp-backward]\n",
        "derivations/b_unsound.py:9: too_small: no sizes make every axis at least 1 (z: 'k-5'",
        "derivations/b_unsound.py:13: NameError: name 'unknown' is not defined",
        "PASS       derivations/softmax.py::softmax[vjp-backward]",
        "2 claims checked",
        ": 4 failures",
    ):
        assert said in result
    assert "Traceback" not in result
    result = folder.gradcheck("check", "derivations/a_syntax.py::softmax[vjp-backward]")
    assert (result.code, "a_syntax.py:1: cannot be imported" in result) == (1, True)
    result = folder.gradcheck("list", "--ids")
    assert (result.code, "derivations/softmax.py::shift_invariance\n" in result) == (1, True)
    assert "gradcheck: derivations/a_syntax.py::import: derivations/a_syntax.py:1:" in result


def test_an_endless_loop_is_cut_and_the_others_run(folder):
    folder(
        "derivations/endless.py",
        """
        from gradcheck import derivation

        @derivation(x="k")
        def same(x):
            return x * 1.0

        @same.vjp
        def rule(dy):
            while True:
                pass

        @same.jvp
        def right(dx):
            return dx
        """,
    )
    result = folder.gradcheck("check", "--time-limit=0.5", "--inputs=7")
    assert (result.code, "cut off after 0.5 seconds" in result) == (1, True)
    assert "PASS       derivations/endless.py::same[jvp-right]" in result


@posix
def test_ctrl_c_keeps_what_was_found(folder):
    folder("derivations/slow.py", SLOW)
    command = folder.command(*GRADCHECK, "check", CI="true")
    # A shell that runs this in the background has Ctrl-C ignored, which a child would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(**command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    first = process.stdout.readline()
    assert first == "FAIL       derivations/slow.py::double[vjp-wrong]\n"
    time.sleep(0.5)  # into the slow one
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=30)[0]
    assert process.returncode == 130
    assert "interrupted; what was found:" in output
    assert "double[vjp-wrong]: FAIL, wrong value" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "nowhere"], "there is no such file or folder"),
        (["check"], "`gradcheck new NAME` writes a first file"),
        (["check", "empty"], "nothing is declared there; `gradcheck new NAME`"),
        (["check", "here.py::gone"], "no claim of that name is there"),
        (["check", "notes.txt"], "a file of Python code was expected"),
        (["check", "here.py", "--inputs", "0"], "--inputs: at least 1"),
        (["check", "here.py", "--seed", "-1"], "--seed: 0 or more"),
        (["check", "here.py", "--time-limit", "-1"], "--time-limit: a number of seconds above 0"),
        (["check", "here.py", "--profile", "fast"], "invalid choice: 'fast'"),
        (["replay", "here.py", "Case({})"], "names no claim"),
        (["replay", "here.py::softmax[vjp-backward]", "Case(1"], "not a case"),
        (["replay", "here.py::softmax[vjp-backward]", "Case({})"], "softmax lacks the input 'z'"),
        (["replay", "here.py::gone", "Case({})"], "no claim of that name is there"),
        (["new", "not a name"], "is not a name"),
        (["new", "class"], "is not a name"),
        (["new", "conftest"], "means something else"),
        (["new", "here", "--folder", "."], "is there already"),
        (["new", "x", "--folder", "here.py"], "cannot be written"),
        ([], "COMMAND"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_exit_code_2(use, arguments, words):
    result = use.gradcheck(*arguments)
    assert result.code == 2
    assert words in result
    assert "Traceback" not in result


@pytest.fixture(scope="module")
def use(new_folder):
    folder = new_folder("use")
    folder("here.py", RIGHT)
    folder("notes.txt", "")
    (folder.path / "empty").mkdir()
    return folder


# ---- replay --------------------------------------------------------------------------------


@posix
@pytest.mark.skipif(shutil.which("bash") is None, reason="the line is pasted into bash")
def test_the_printed_line_replays(folder):
    def pasted(line):
        """The line in bash, which finds the command of this environment."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        command = folder.command(PATH=path)
        command["args"] = ["bash", "-c", line]
        done = subprocess.run(**command, capture_output=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    folder("derivations/wrong.py", WRONG)
    output = folder.gradcheck("check").output
    (line,) = re.findall(r"^ +(gradcheck replay .*)$", output, flags=re.M)
    code, again = pasted(line)
    assert code == 1, again
    # The same report, but for what a single case cannot know.
    report = output.split("\n\n", 1)[1].split("\n\n  largest discrepancy")[0]
    assert again.rstrip() == report.rstrip()
    folder("derivations/wrong.py", RIGHT)
    code, again = pasted(line)
    assert (code, "softmax[vjp-backward]: pass (resolution" in again) == (0, True), again
    code, again = pasted(line.replace("sampler=2", "sampler=0"))
    assert (code, "printed by version 0 of the sampler" in again) == (2, True), again


def test_an_undecided_case_replays_as_undecided(folder):
    folder("derivations/noisy.py", UNDECIDED)
    output = folder.gradcheck("check", "--inputs=7").output
    (line,) = re.findall(r"^ +(gradcheck replay .*)$", output, flags=re.M)
    result = folder.gradcheck(*shlex.split(line)[1:])
    assert (result.code, "UNDECIDED, not accused" in result) == (3, True), result.output


# ---- new, list, and where the output goes --------------------------------------------------


def test_new_writes_a_file_that_passes(folder):
    result = folder.gradcheck("new", "my_layer")
    assert result.code == 0
    assert f"then run: gradcheck check {Path('derivations', 'my_layer.py')}" in result
    result = folder.gradcheck("check", "derivations/my_layer.py")
    assert (result.code, "my_layer[vjp-backward]" in result) == (0, True), result.output


def test_an_output_that_is_cut_or_knows_no_mathematics_is_no_error(folder):
    folder("derivations/wrong.py", WRONG.replace("vjp", "jvp").replace("dy", "dz"))
    result = folder.gradcheck("check", PYTHONIOENCODING="ascii")
    assert result.code == 1
    assert "dy[0] along it" in result or "dy[0]/d" in result
    assert result.output.isascii()
    assert "Traceback" not in result


@posix
def test_a_reader_that_stops_reading_is_no_error(folder):
    for number in range(30):
        folder(f"derivations/copy_{number}.py", RIGHT)
    command = folder.command(*GRADCHECK, "list")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        **command, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_colours_can_be_forced(folder):
    folder("derivations/wrong.py", RIGHT + WRONG.replace("softmax", "other"))
    result = folder.gradcheck("check", "--inputs=7", FORCE_COLOR="1")
    assert f"{ESCAPE}32mPASS{ESCAPE}0m       derivations/wrong.py::softmax" in result
    assert f"{ESCAPE}31mFAIL{ESCAPE}0m       derivations/wrong.py::other" in result


@posix
@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_a_terminal_gets_colours_unless_it_wants_none(folder, no_color, coloured):
    import pty

    folder("derivations/softmax.py", RIGHT)
    command = folder.command(
        *GRADCHECK, "check", "--inputs=7", CI="true", NO_COLOR=no_color, TERM="xterm"
    )
    reading, terminal = pty.openpty()
    done = subprocess.run(**command, stdout=terminal, stderr=terminal, timeout=60, check=False)
    os.close(terminal)
    output = os.read(reading, 100_000).decode()
    os.close(reading)
    assert done.returncode == 0
    assert "PASS" in output
    assert (ESCAPE in output) is coloured


def test_hints_are_told_as_far_and_in_the_language_that_is_asked_for(folder):
    folder("derivations/wrong.py", WRONG)
    chosen = ("check", "derivations", "--inputs=14")
    assert "a plus for the minus in the softmax rule" in folder.gradcheck(*chosen, LC_ALL="C")
    by_environment = folder.gradcheck(*chosen, LC_ALL="zh_CN.UTF-8")
    assert "看起来是：dz：softmax 规则里的减号写成了加号" in by_environment
    assert "return y * (dy - dy @ y)" in by_environment
    assert "return y * (dy - dy @ y)" not in folder.gradcheck(*chosen, "--hints=what")
    assert "softmax rule" not in folder.gradcheck(*chosen, "--hints=none", "--lang=en")


def test_pytest_tells_hints_alike(folder):
    folder("derivations/wrong.py", WRONG)
    result = folder.pytest("--gradcheck-lang=zh", "--gradcheck-hints=what")
    assert "看起来是：dz：softmax 规则里的减号写成了加号" in result
    assert "return y * (dy - dy @ y)" not in result
