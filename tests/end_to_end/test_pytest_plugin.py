"""Real pytest processes on real folders of right, wrong and malformed files."""

import subprocess
import sys

import pytest

from tests.end_to_end.files import RIGHT, WRONG


def run(folder, *arguments, plugins=True):
    command = [sys.executable, "-m", "pytest", "-p", "no:benchmark", "--gradcheck-profile=ci"]
    result = subprocess.run(
        [*command, "--gradcheck-inputs=30", *arguments],
        cwd=folder.path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return result.returncode, result.stdout + result.stderr


def test_every_claim_of_a_folder_is_one_item(folder):
    folder("derivations/softmax.py", RIGHT)
    code, output = run(folder, "-v")
    assert code == 0, output
    assert "derivations/softmax.py::shift_invariance PASSED" in output
    assert "derivations/softmax.py::softmax[vjp-backward] PASSED" in output
    assert "2 passed" in output
    assert "2 claims checked on" in output
    assert "coarsest resolution" in output


@pytest.mark.parametrize(
    "selection",
    ["derivations", "derivations/softmax.py", "derivations/softmax.py::softmax[vjp-backward]"],
)
def test_each_item_is_collected_once(folder, selection):
    folder("derivations/softmax.py", RIGHT)
    code, output = run(folder, "--collect-only", "-q", selection)
    assert code == 0, output
    assert output.count("softmax[vjp-backward]") == 1


def test_a_failure_is_our_report_and_nothing_else(folder):
    folder("derivations/softmax.py", WRONG)
    code, output = run(folder)
    assert code == 1
    assert "softmax[vjp-backward]: FAIL, wrong value" in output
    assert "softmax.py:10" in output
    assert "dz[0]" in output
    assert "gradcheck replay" in output
    failures = output.split("FAILURES")[1]
    for internal in ("Traceback", "site-packages", "hypothesis", "Falsifying"):
        assert internal not in failures


def test_files_that_would_clash_do_not(folder):
    folder("derivations/copy.py", RIGHT)
    folder("derivations/deep/copy.py", RIGHT)
    folder("other/derivations/copy.py", WRONG)
    code, output = run(folder)
    assert code == 1
    assert "1 failed, 4 passed" in output


def test_siblings_import_each_other_and_tests_import_them(folder):
    folder("derivations/softmax.py", RIGHT)
    folder(
        "derivations/twice.py",
        """
        from derivations.softmax import backward, softmax
        from gradcheck import identity

        @identity(dy="k", z="k")
        def homogeneous(dy, z):
            y = softmax(z)
            return backward(2 * dy, y), 2 * backward(dy, y)
        """,
    )
    folder(
        "tests/test_it.py",
        """
        def test_rule():
            from derivations.softmax import backward
            assert backward.id == "softmax[vjp-backward]"
        """,
    )
    code, output = run(folder)
    assert code == 0, output
    assert "4 passed" in output
    code, output = run(folder, "tests")
    assert code == 0, output


def test_broken_files_fail_alone(folder):
    folder("derivations/softmax.py", RIGHT)
    folder("derivations/syntax.py", "def f(:\n")
    folder("derivations/missing.py", "import no_such_module\n")
    folder("derivations/leaves.py", "import sys\nsys.exit(3)\n")
    code, output = run(folder)
    assert code == 1
    assert "3 failed, 2 passed" in output
    assert "syntax.py:1: SyntaxError" in output
    assert "missing.py:1" in output
    assert "no_such_module" in output
    assert "leaves.py:2" in output


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

        @derivation(x="n", w="n")
        @options(output="p")
        def below(x, w):
            return x * w
        """,
    )
    code, output = run(folder)
    assert code == 1
    assert "unclaimed has no rule" in output
    assert "known names: z, y" in output
    assert "two claims have the id double[vjp-right]" in output
    assert "options(…) stands below" in output
    assert "4 failed, 1 passed" in output


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
    code, output = run(folder)
    assert code == 0
    assert "no claim says anything about linear: W" in output


def test_it_works_with_what_people_pass_to_pytest(folder):
    folder("derivations/softmax.py", RIGHT)
    folder("derivations/wrong.py", WRONG)
    code, output = run(folder, "-n", "2")
    assert code == 1
    assert "3 claims checked on" in output
    code, output = run(folder, "-k", "shift", "--durations=1")
    assert (code, "1 passed, 2 deselected" in output) == (0, True)
    code, output = run(folder, "--lf")
    assert (code, "1 failed" in output) == (1, True)
    code, output = run(folder, "-x", "--hypothesis-show-statistics", "derivations/wrong.py")
    assert (code, "1 failed" in output) == (1, True)
    code, output = run(folder, "-k", "no_such_claim")
    assert code == 5
    code, output = run(folder, "--junitxml=out.xml")
    text = (folder.path / "out.xml").read_text(encoding="utf-8")
    for name in ("resolution", "evaluations", "largest_discrepancy"):
        assert f'name="gradcheck.{name}"' in text


def test_the_ci_profile_says_the_same_twice(folder):
    folder("derivations/wrong.py", WRONG)
    outputs = [run(folder, "-q", "-p", "no:cacheprovider")[1] for _ in range(2)]
    first, second = (text.split("short test summary")[0] for text in outputs)
    assert first == second


def test_undecided_fails_or_is_shown(folder):
    folder(
        "derivations/noisy.py",
        """
        import numpy as np
        from gradcheck import derivation

        @derivation(x="k")
        def overflows(x):
            return np.exp(1e5 * np.abs(x) + 1e5)

        @overflows.vjp
        def rule(dy, y, x):
            return dy * 1e5 * np.sign(x) * y
        """,
    )
    code, output = run(folder)
    assert code == 1
    assert "UNDECIDED, not accused" in output
    assert "narrow the domain" in output
    code, output = run(folder, "--undecided=report")
    assert code == 0
    assert "undecided, not accused: overflows[vjp-rule]" in output


def test_an_endless_loop_is_cut(folder):
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
        """,
    )
    code, output = run(folder, "--gradcheck-time-limit=1")
    assert code == 1
    assert "cut off after 1 seconds" in output
