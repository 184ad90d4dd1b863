"""Real pytest processes on real folders of right, wrong and malformed files."""

import os
import re
import signal
import subprocess
import time
import xml.etree.ElementTree as ET

import pytest

from tests.end_to_end.conftest import PYTEST
from tests.end_to_end.files import RIGHT, SLOW, UNDECIDED, WRONG

#: What a failure must not show.
INTERNALS = ("Traceback", "site-packages", "hypothesis", "Falsifying", "pytest_plugin.py")


def collected(folder, *arguments, **more):
    """The ids that are collected, in order."""
    result = folder.pytest("--collect-only", "-q", *arguments, **more)
    assert result.code == 0, result.output
    return [line for line in result.output.splitlines() if "::" in line]


# ---- collection ----------------------------------------------------------------------------


def test_every_claim_of_a_folder_is_one_item(folder):
    folder("derivations/softmax.py", RIGHT)
    folder("derivations/conftest.py", "raise_if_collected = 1")
    result = folder.pytest("-v")
    assert result.code == 0, result.output
    assert "gradcheck: profile ci, 10 inputs a claim, the same cases in every run" in result
    assert "derivations/softmax.py::shift_invariance PASSED" in result
    assert "derivations/softmax.py::softmax[vjp-backward] PASSED" in result
    assert re.search(
        r"^2 claims checked on \d+ inputs, coarsest resolution \de-\d\d, \d+ entr(y|ies) on kinks, "
        r"\d+ inputs? undecided, 0 not covered$",
        result.output,
        re.MULTILINE,
    )
    assert "2 passed" in result


@pytest.fixture(scope="module")
def many(new_folder):
    """Files of one name in folders of one name, with and without ``__init__.py``."""
    folder = new_folder("many")
    folder("pytest.ini", "[pytest]\npythonpath = nowhere\n")
    folder("derivations/__init__.py", "HERE = 'root'\n")
    folder("derivations/softmax.py", RIGHT)
    folder("derivations/copy.py", RIGHT)
    folder("derivations/deep/copy.py", "from ..softmax import softmax as imported\n" + RIGHT)
    folder(
        "derivations/twice.py",
        """
        import derivations.copy
        from derivations.softmax import backward, softmax
        from gradcheck import derivation, identity

        @identity(dy="k", z="k")
        def homogeneous(dy, z):
            y = softmax(z)
            return backward(2 * dy, y), 2 * derivations.copy.backward(dy, y)

        @derivation(z="k")
        def double(z):
            return 2 * z

        @double.vjp
        def double(dy):
            return 2 * dy

        @derivation(z="k")
        def double(z):
            return z + z

        @double.jvp
        def double(dz):
            return 2 * dz
        """,
    )
    folder(
        "derivations/test_inside.py",
        """
        import pytest
        from derivations.copy import softmax
        from gradcheck import identity

        @identity(z="k")
        def sums_to_one(z):
            return softmax(z).sum(), 1.0

        @pytest.fixture
        def three():
            return 3

        def test_plain(three):
            assert three == 3
        """,
    )
    folder("elsewhere/derivations/__init__.py", "HERE = 'elsewhere'\n")
    folder("elsewhere/derivations/only_here.py", "TWO = 2.0\n")
    folder(
        "elsewhere/derivations/copy.py",
        """
        from derivations import HERE
        from gradcheck import identity, real

        @identity(a=real())
        def imports_when_called(a):
            from derivations.only_here import TWO
            assert HERE == "elsewhere"
            return a * TWO, a + a
        """,
    )
    folder(
        "tests/test_it.py",
        """
        import derivations
        from derivations.softmax import backward, softmax
        from gradcheck import derivation, identity, real

        @identity(a=real())
        def in_a_test_module(a):
            return a, a + 0

        class TestLayer:
            @derivation(z="k")
            def layer(z):
                return 2 * z

            @layer.vjp
            def layer(dy):
                return 2 * dy

        def test_rule():
            from derivations.softmax import softmax as again
            assert again is softmax
            assert derivations.HERE == "root"
            assert backward.id == "softmax[vjp-backward]"
        """,
    )
    return folder


IDS = [
    "derivations/copy.py::shift_invariance",
    "derivations/copy.py::softmax[vjp-backward]",
    "derivations/deep/copy.py::shift_invariance",
    "derivations/deep/copy.py::softmax[vjp-backward]",
    "derivations/softmax.py::shift_invariance",
    "derivations/softmax.py::softmax[vjp-backward]",
    "derivations/test_inside.py::sums_to_one",
    "derivations/test_inside.py::test_plain",
    "derivations/twice.py::homogeneous",
    "derivations/twice.py::double[vjp-double]",
    "derivations/twice.py::double[jvp-double]",
    "elsewhere/derivations/copy.py::imports_when_called",
    "tests/test_it.py::in_a_test_module",
    "tests/test_it.py::layer[vjp-layer]",
    "tests/test_it.py::test_rule",
]


def test_nothing_clashes_nothing_is_lost_and_siblings_are_found(many):
    result = many.pytest("-v", "-p", "no:cacheprovider")
    assert result.code == 0, result.output
    passed = [line.split(" PASSED")[0] for line in result.output.splitlines() if "PASSED" in line]
    assert sorted(passed) == sorted(IDS)


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["-o", "python_files=*.py"], IDS),
        (["--import-mode=importlib", "derivations"], [i for i in IDS if i.startswith("deriv")]),
        (["derivations/copy.py"], IDS[:2]),
        (["derivations/softmax.py::softmax[vjp-backward]"], [IDS[5]]),
        (["derivations/twice.py::double"], IDS[9:11]),
        (["-k", "shift and not deep"], [IDS[0], IDS[4]]),
        (["tests"], IDS[12:]),
    ],
)
def test_each_selection_collects_each_item_once(many, arguments, ids):
    assert sorted(collected(many, *arguments)) == sorted(ids)


def test_it_works_from_inside_the_folder_and_the_replay_line_too(folder):
    folder("derivations/softmax.py", RIGHT)
    folder("derivations/deep/more.py", "from derivations.softmax import softmax\n" + WRONG)
    result = folder.pytest("-q", cwd="derivations")
    assert (result.code, "1 failed, 2 passed" in result) == (1, True), result.output
    assert 'gradcheck replay "deep/more.py::softmax[vjp-backward]"' in result
    folder("pytest.ini", "[pytest]\n")  # now the root is above
    result = folder.pytest("-q", "more.py", cwd="derivations/deep")
    assert (result.code, "1 failed" in result) == (1, True), result.output
    assert 'gradcheck replay "more.py::softmax[vjp-backward]"' in result


def test_a_project_that_lies_in_a_folder_called_derivations_is_no_derivation(folder):
    folder("derivations/pytest.ini", "[pytest]\n")
    folder("derivations/setup.py", "raise SystemExit('must not run')\n")
    folder("derivations/sub/derivations/softmax.py", RIGHT)
    ids = collected(folder, cwd="derivations")
    assert [name.split("::")[0] for name in ids] == ["sub/derivations/softmax.py"] * 2


def test_other_folders_can_be_named(folder):
    folder("pytest.ini", "[pytest]\ngradcheck_folders = proofs lemmas\n")
    folder("proofs/copy.py", "from proofs.other import N\n" + RIGHT)
    folder("proofs/other.py", "N = 1\n")
    folder("lemmas/copy.py", RIGHT)
    folder("derivations/softmax.py", RIGHT)
    ids = collected(folder)
    assert [name.split("::")[0] for name in ids] == ["lemmas/copy.py"] * 2 + ["proofs/copy.py"] * 2


def test_marks_and_skips_of_a_file_are_honoured(folder):
    folder(
        "derivations/marked.py", "import pytest\npytestmark = pytest.mark.skip('slow')\n" + RIGHT
    )
    folder("derivations/needs.py", "import pytest\npytest.importorskip('no_such_module')\n" + RIGHT)
    result = folder.pytest("-rs")
    assert (result.code, "3 skipped" in result) == (0, True), result.output
    assert "no_such_module" in result


# ---- what is broken fails alone ------------------------------------------------------------


def test_broken_files_fail_alone_and_say_where(folder):
    folder("derivations/__init__.py", "import sys\nsys.exit(4)\n")
    folder("derivations/softmax.py", RIGHT)
    folder("derivations/syntax.py", "import numpy\ndef f(:\n")
    folder("derivations/missing.py", "\n\nimport no_such_module\n")
    folder("derivations/leaves.py", "import sys\nsys.exit(3)\n")
    folder("derivations/uses.py", "from derivations.helper import calls\n\ncalls()\n")
    folder("derivations/helper.py", "def calls():\n    return undefined\n")
    result = folder.pytest()
    assert (result.code, "5 failed, 2 passed" in result) == (1, True), result.output
    for said in (
        "derivations/__init__.py:2: cannot be imported: SystemExit: 4",
        "derivations/syntax.py:2: cannot be imported: SyntaxError: invalid syntax\n    def f(:",
        "derivations/missing.py:3: cannot be imported: ModuleNotFoundError: No module named",
        "derivations/leaves.py:2: cannot be imported: SystemExit: 3\n    sys.exit(3)",
        "derivations/uses.py:3: cannot be imported: NameError: name 'undefined' is not defined "
        "(derivations/helper.py:2)\n    calls()",
        "FAILED derivations/missing.py::import - derivations/missing.py:3: cannot be imported",
    ):
        assert said in result
    assert not [word for word in INTERNALS if word in result.output.split("FAILURES")[1]]
    # Whoever asks for one claim is told why it is not there.
    result = folder.pytest("derivations/syntax.py::softmax[vjp-backward]")
    assert (result.code, "syntax.py:2: cannot be imported" in result) == (1, True), result.output


def test_declarations_that_are_wrong_fail_with_what_to_do(folder):
    folder(
        "derivations/odd.py",
        """
        import numpy as np
        from gradcheck import derivation, options

        @derivation(z="k")
        def unclaimed(z):
            return z

        @derivation(z="k")
        def double(z):
            return 2 * z

        @double.vjp
        def asks(dy, q):
            return dy

        @double.vjp
        def right(dy):
            return 2 * dy

        @double.vjp
        def right(dy):
            return 2 * dy

        @double.vjp
        def right(dy):
            return 2 * dy

        @derivation(x="n", w="n")
        @options(output="p")
        def below(x, w):
            return x * w

        @below.vjp
        def reported_with_its_derivation(dp, x, w):
            return dp * w, dp * x
        """,
    )
    result = folder.pytest()
    assert (result.code, "5 failed, 1 passed" in result) == (1, True), result.output
    for said in (
        "odd.py:5: unclaimed has no rule, so nothing is claimed about it; declare one",
        "odd.py:13: asks asks for 'q', which is not known; known names: z, y",
        "odd.py:21: two claims have the id double[vjp-right]: this one and that at line 17; rename",
        "odd.py:25: two claims have the id double[vjp-right]: this one and that at line 17; rename",
        "odd.py:29: options(…) stands below",
    ):
        assert said in result
    assert result.output.count("known names") == 2  # in the failure and in the summary


def test_an_input_that_no_claim_speaks_about_is_reported(folder):
    folder(
        "derivations/affine.py",
        """
        from gradcheck import derivation

        @derivation(x="n d", W="d m")
        def linear(x, W):
            return x @ W

        @linear.vjp("x")
        def dl_dx(dz, W):
            return dz @ W.T
        """,
    )
    result = folder.pytest()
    assert result.code == 0
    assert "no claim says anything about linear: W" in result


# ---- a failure -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def failing(new_folder):
    folder = new_folder("failing")
    folder("derivations/softmax.py", RIGHT)
    folder("derivations/wrong.py", WRONG)
    # Seen by what is drawn, not by what is always tried.
    folder(
        "derivations/late.py",
        """
        from gradcheck import derivation

        @derivation(z="k")
        def double(z):
            return 2 * z

        @double.vjp
        def right_up_to_6(dy, z):
            return (2 + (len(z) > 6)) * dy
        """,
    )
    return folder


def test_a_failure_is_our_report_and_nothing_else(failing):
    result = failing.pytest(inputs=100)
    assert (result.code, "2 failed, 2 passed" in result) == (1, True), result.output
    failures = result.output.split("FAILURES")[1]
    for said in (
        "softmax[vjp-backward]: FAIL, wrong value\nderivations/wrong.py:10\n",
        "  k = 1\n  z  = [0]\n  dy = [1]   (the cotangent)\n",
        "          claimed | measured\n  dz[0]         2 | 0 ± ",
        "largest discrepancy seen: 100 %",
        'gradcheck replay "derivations/wrong.py::softmax[vjp-backward]" "Case({',
        "double[vjp-right_up_to_6]: FAIL, wrong value\nderivations/late.py:8\n",
    ):
        assert said in failures
    summary = failures.split("short test summary info")[1]
    assert "wrong.py::softmax[vjp-backward] - wrong value: dz[0]: claimed 2 | measured" in summary
    assert not [word for word in INTERNALS if word in failures]
    line = failing.pytest("--tb=line", "derivations/wrong.py").output
    assert re.search(r"derivations/wrong\.py:10: wrong value: dz\[0\]: claimed 2 \|", line)


def test_the_ci_profile_says_the_same_twice_and_is_chosen_by_ci(failing):
    def text(**more):
        output = failing.pytest("-p", "no:cacheprovider", **more).output
        return re.sub(r" in \d+\.\d+s", "", output)

    first = text()
    assert first == text()
    failing.run(*PYTEST)  # leaves a database behind, which is not to be used
    by_environment = failing.run(
        *PYTEST, "--gradcheck-inputs=10", "-p", "no:cacheprovider", CI="true"
    ).output
    # On CI, pytest does not trim its summary.
    by_environment, first = (t.split("short test summary")[0] for t in (by_environment, first))
    assert by_environment == first


def test_a_seed_is_drawn_shown_and_repeats_the_run(failing):
    def failures(output):
        reports = output.split("FAILURES")[1].split("short test summary")[0]
        return re.sub(r"^\[gw\d\] .*\n", "", reports, flags=re.MULTILINE)

    first = failing.pytest("-n2", "-p", "no:cacheprovider", profile="dev")
    (seed,) = re.findall(r"gradcheck: profile dev, 10 inputs a claim, seed (\d+)", first.output)
    assert f"found at input 1, seed {seed}" in first
    again = failing.pytest(
        f"--gradcheck-seed={seed}", "-p", "no:cacheprovider", profile="dev"
    ).output
    assert failures(again) == failures(first.output)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["-n", "2"], 1, ["4 claims checked on", "not covered", "1 failed, 3 passed"]),
        (["-k", "shift", "--durations=1"], 0, ["1 passed, 3 deselected", "slowest 1 durations"]),
        (["-x", "-q", "derivations/wrong.py", "derivations/softmax.py"], 1, ["1 failed"]),
        (["--hypothesis-show-statistics", "derivations/wrong.py"], 1, ["1 failed"]),
        (["-k", "no_such_claim"], 5, ["4 deselected"]),
        (["derivations/nowhere.py"], 4, ["file or directory not found"]),
        (["derivations/softmax.py::softmax[vjp-gone]"], 4, ["not found"]),
        (["--gradcheck-inputs=0"], 4, ["--gradcheck-inputs: a number above 0 was expected"]),
        (["--gradcheck-seed=-1"], 4, ["a whole number of 0 or more was expected"]),
        (["--gradcheck-time-limit=soon"], 4, ["invalid float value: 'soon'"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_it_works_with_what_people_pass_to_pytest(failing, options, code, words):
    result = failing.pytest(*options)
    assert result.code == code, result.output
    for word in words:
        assert word in result
    assert "INTERNALERROR" not in result


def test_the_last_failures_run_again(folder):
    folder("derivations/softmax.py", RIGHT)
    folder("derivations/wrong.py", WRONG)
    folder.pytest("-q")
    result = folder.pytest("--lf")
    assert (result.code, "1 failed" in result, "passed" in result) == (1, True, False)


def test_junit_holds_what_was_measured(failing):
    failing.pytest("--junitxml=out.xml", "-p", "no:cacheprovider")
    cases = {case.get("name"): case for case in ET.parse(failing.path / "out.xml").iter("testcase")}
    found = {
        name: {p.get("name"): p.get("value") for p in case.iter("property")}
        for name, case in cases.items()
    }
    right, wrong = found["shift_invariance"], found["softmax[vjp-backward]"]
    assert right["gradcheck.status"] == "pass"
    assert 0 < float(right["gradcheck.resolution"]) < 1e-3
    assert int(right["gradcheck.evaluations"]) > 0
    assert wrong["gradcheck.status"] == "fail"
    assert float(wrong["gradcheck.largest_discrepancy"]) == 1.0
    failure = cases["softmax[vjp-backward]"].find("failure")
    assert failure.get("message").startswith("wrong value: dz[0]: claimed 2 | measured")
    assert "derivations/wrong.py:10" in failure.text


# ---- a run ---------------------------------------------------------------------------------


def test_nothing_to_check_is_an_error_that_says_so(folder):
    (folder.path / "derivations").mkdir()
    for _ in range(2):
        result = folder.pytest()
        assert result.code == 5
        assert "nothing is declared in" in result
        assert "gradcheck new NAME" in result
        folder("derivations/helper.py", "ONE = 1\n")


def test_a_file_that_is_not_there_is_said_to_be_missing_by_workers_too(folder):
    (folder.path / "derivations").mkdir()
    result = folder.pytest("-n", "1", "derivations/relu.py")
    assert result.code == 5
    assert "gradcheck: derivations/relu.py: there is no such file or folder" in result
    assert "nothing is declared in" not in result


def test_a_project_without_derivations_is_left_alone(folder):
    folder("tests/test_it.py", "def test_it():\n    pass\n")
    result = folder.run(*PYTEST)
    assert result.code == 0
    assert "gradcheck:" not in result


def test_undecided_fails_or_is_shown(folder):
    folder("derivations/noisy.py", UNDECIDED)
    result = folder.pytest()
    assert result.code == 1
    assert "overflows[vjp-rule]: UNDECIDED, not accused\nderivations/noisy.py:9" in result
    assert "narrow the domain" in result
    assert "FAILED derivations/noisy.py::overflows[vjp-rule] - undecided, not accused" in result
    result = folder.pytest("--undecided=report")
    assert (result.code, "1 passed" in result) == (0, True)
    assert "overflows[vjp-rule]: UNDECIDED, not accused" in result
    assert "narrow the domain" in result


def test_warnings_as_errors_break_nothing(folder):
    folder("pytest.ini", "[pytest]\nfilterwarnings = error\n")
    folder(
        "derivations/divides.py",
        """
        import numpy as np
        from gradcheck import derivation, identity

        @derivation(z="k")
        def double(z):
            np.ones(1) / np.zeros(1)
            return 2 * z

        @double.vjp
        def backward(dy):
            np.log(-np.ones(1))
            return 2 * dy

        @double.partial(where=lambda i, j: np.ones(1) / np.zeros(1) > 0)
        def entry(i, j):
            np.exp(np.full(1, 1e6))
            return 2.0 * (i == j)

        @identity(z="k")
        def same(z):
            np.ones(1) / np.zeros(1)
            return z, z + 0
        """,
    )
    result = folder.pytest(inputs=50)
    assert (result.code, "3 passed" in result) == (0, True), result.output


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT is sent there")
def test_ctrl_c_keeps_what_was_found(folder):
    folder("derivations/slow.py", SLOW)
    command = folder.command(*PYTEST, "--gradcheck-profile=ci", "-v")
    # A shell that runs this in the background has Ctrl-C ignored, which a child would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(**command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "double[vjp-wrong] FAILED" in line:
            break
    time.sleep(0.5)  # into the slow one
    process.send_signal(signal.SIGINT)
    output = "".join(lines) + process.communicate(timeout=30)[0]
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert "double[vjp-wrong]: FAIL, wrong value" in output
    assert "1 claim checked on" in output
    assert "KeyboardInterrupt" in output
