"""Malformed functions and rules: one run over all of them, and what it says about each.

Every message names the file, the function and the argument, says what it was and what to do, and
shows nothing of the harness, of Hypothesis or of numpy's inside.
"""

import textwrap
import xml.etree.ElementTree as ET

import pytest

HEAD = """
import numpy as np
from gradcheck import derivation, identity, options, real
"""


def rule(body):
    """A right function, with a rule of this body."""
    return f"""
@derivation(z="k")
def double(z):
    return 2 * z

@double.vjp
def rule(dz, z):
    {body}
"""


def function(body):
    """A function of this body, with a rule."""
    return f"""
@derivation(z="k")
def function(z):
    {body}

@function.vjp
def rule(dz):
    return 2 * dz
"""


#: By name: the text below ``HEAD``, and what has to be said about it.
BAD = {
    # rules
    "returns_none": (rule("2 * dz"), ["rule: the gradient for z is None", "a return statement"]),
    "raises": (
        rule("return dz @ np.ones((5, 2))"),
        ["FAIL, raises", "rule raises ValueError: matmul", "z = [0]"],
    ),
    "wrong_shape": (
        rule("return np.outer(2 * dz, np.ones(len(z)))"),
        ["FAIL, wrong shape", "rule: the gradient for z has shape (2, 2); z has shape (2,)"],
    ),
    "object_array": (
        rule("return np.array([None for _ in z])"),
        ["rule: the gradient for z is an array of dtype object", "real floating numbers were"],
    ),
    "text": (rule("return 'dz'"), ["rule: the gradient for z is 'dz' (str)", "real floating"]),
    "ragged": (rule("return [[1.0], [1.0, 2.0]]"), ["rule: the gradient for z is a list of 2"]),
    "boolean": (rule("return z > 0"), ["array of dtype bool", "multiply it with numbers"]),
    "complex_rule": (rule("return 2 * dz + 0j"), ["rule: the gradient for z is complex"]),
    "nan_rule": (
        rule("return 2 * dz * np.nan"),
        ["numerically unstable", "rule gives nan at position 0 of its gradient"],
    ),
    "random_rule": (
        rule("return dz * np.random.default_rng().normal()"),
        ["not repeatable", "rule gives another answer when it is called again"],
    ),
    "writes_cotangent": (
        rule("dz *= 2; return dz"),
        ["cotangent changed", "rule changes its cotangent 'dz' in place", "work on a copy"],
    ),
    "writes_input": (
        rule("z += 1; return 2 * dz"),
        ["input changed", "rule changes its input 'z' in place", "z = z.copy()", 'mutates="z"'],
    ),
    "not_linear": (rule("return 2 * abs(dz)"), ["not linear in the cotangent"]),
    "endless": (
        rule("while True: pass"),
        ["FAIL, too slow", "cut off after 2 seconds", "does a loop not end?"],
    ),
    "wrong_count": (
        """
@derivation(x="n", w="n")
def product(x, w):
    return x * w

@product.vjp
def rule(dz, x, w):
    return dz * w, dz * x, dz
""",
        ["wrong count", "rule returns 3 gradients; one for each of x, w was expected"],
    ),
    "no_tuple": (
        """
@derivation(x="n", w="n")
def product(x, w):
    return x * w

@product.vjp
def rule(dz, x, w):
    return dz * w
""",
        ["wrong count", "one for each of x, w was expected"],
    ),
    # functions
    "returns_nothing": (
        function("2 * z"),
        ["function returns None; is a return statement missing"],
    ),
    "complex_function": (
        function("return z * (1 + 1j)"),
        [
            "UNDECIDED, not accused",
            "set aside (the function returns complex numbers there, which",
            "np.stack([y.real, y.imag])",
            "function returns complex; complex numbers are out of scope",
        ],
    ),
    "nan_function": (
        function("return z * np.nan"),
        ["UNDECIDED, not accused", "inputs set aside (the function is not finite there); narrow"],
    ),
    "random_function": (
        function("return z * np.random.default_rng().normal()"),
        ["not repeatable", "function gives another answer", "randomness as an input"],
    ),
    "writes_own_input": (
        function("z *= 2; return z"),
        ["input changed", "function changes its input 'z' in place", "z = z.copy()"],
    ),
    "raises_everywhere": (
        function("return np.linalg.inv(z)"),
        ["FAIL, the function raises", "at every input", "function raises LinAlgError: 1-dim"],
    ),
    "raises_often": (
        function("assert z.min() > 0, 'z has to be positive'\n    return 2 * z"),
        ["UNDECIDED", "set aside (the function raises there); narrow the domain", "to be positive"],
    ),
    "two_outputs": (
        function("return z, z"),
        ["function returns 2 values; name them", 'options(output="y0 y1")'],
    ),
    # declarations
    "unknown_name": (
        rule("return 2 * dz").replace("rule(dz, z)", "rule(dz, zz)"),
        ["rule asks for 'zz', which is not known; known names: z, y"],
    ),
    "no_parameters": (
        rule("return 2").replace("rule(dz, z)", "rule()"),
        ["rule takes 0 parameters", "the cotangent"],
    ),
    "named_as_input": (
        rule("return 2 * z").replace("rule(dz, z)", "rule(z)"),
        ["rule: its first parameter is the cotangent", "'z' is the name of an input", "call it dz"],
    ),
    "swapped": (
        rule("return 2 * dz").replace("rule(dz, z)", "rule(z, dz)"),
        ["'z' is the name of an input", "are they swapped? rule(dz, z)"],
    ),
    "where_as_text": (
        rule("return 2.0").replace(".vjp", ".partial(where='i == j')").replace("(dz, z)", "(z)"),
        ["'i == j' is a string; write a function: lambda i, j: i == j"],
    ),
    "unknown_option": (
        "@options(smoth=True)" + function("return 2 * z"),
        [
            "unknown_option.py:4: options(smoth=True): there is no option 'smoth'",
            "there are output, sizes, at_kink, mutates, smooth",
            "did you mean smooth=True?",
        ],
    ),
    "unreadable_dims": (
        function("return z").replace('"k"', '"k, d"'),
        ["function: input 'z': dims 'k, d'", "is not an axis"],
    ),
    "impossible_dims": (
        '@options(sizes={"k": (1, 3)})' + function("return 2 * z").replace('"k"', '"k-5"'),
        ["function: no sizes make every axis at least 1 (z: 'k-5'; tried sizes k from 1 to 3)"],
    ),
    "domain_raises": (
        function("return 2 * z").replace('"k"', 'real("k", low=lambda: undefined)'),
        ["domain_raises.py:4: NameError: name 'undefined' is not defined"],
    ),
    "undeclared_input": (
        function("return 2 * z").replace("function(z)", "function(z, w)"),
        ["nothing is declared for its parameter 'w'", '@derivation(…, w="…")'],
    ),
    "one_expression": (
        """
@identity(z="k")
def alone(z):
    return z
""",
        [
            "alone has to return two or more expressions that are equal",
            "such as `return left, right`",
        ],
    ),
    "leaves": (rule("raise SystemExit('enough')"), ["SystemExit: enough"]),
}
#: These say where in the file, but no claim of theirs was judged at an input.
DECLARED = list(BAD)[list(BAD).index("unknown_name") :]


@pytest.fixture(scope="module")
def bad(new_folder):
    folder = new_folder("bad")
    for name, (text, _) in BAD.items():
        folder(f"derivations/{name}.py", HEAD + textwrap.dedent(text).lstrip("\n"))
    folder(
        "derivations/raises_sometimes.py",
        HEAD + function("assert z[0] < 2, 'too large'\n    return 2 * z").lstrip("\n"),
    )
    return folder


@pytest.fixture(scope="module")
def run(bad):
    """All that pytest says, and the failure of each file."""
    result = bad.pytest("--gradcheck-time-limit=2", "--junitxml=out.xml", inputs=30)
    reports = {
        case.get("classname").rsplit(".", 1)[1]: failure
        for case in ET.parse(bad.path / "out.xml").iter("testcase")
        for failure in case.iter("failure")
    }
    return result, reports


@pytest.mark.parametrize("name", BAD)
def test_the_message_says_what_it_was_and_what_to_do(run, name):
    report = run[1][name].text
    for words in BAD[name][1]:
        assert words in report
    assert f"derivations/{name}.py:" in report
    if name not in (*DECLARED, "endless"):
        assert "\n  k = " in report or "\n  n = " in report
        assert f'gradcheck replay "derivations/{name}.py::' in report


def test_every_file_is_judged_and_nothing_shows_the_harness(run):
    result, reports = run
    assert result.code == 1
    assert f"{len(BAD)} failed, 1 passed" in result
    assert set(reports) == set(BAD)
    for internal in ("Traceback", "site-packages", "hypothesis", "_plugin", "checking.py"):
        assert internal not in result.output.split("FAILURES")[1]


def test_inputs_that_were_set_aside_are_shown_where_a_claim_passes(run):
    assert "note: function[vjp-rule]: " in run[0]
    assert "inputs set aside (raised)" in run[0]


def test_the_command_says_the_same(bad, run):
    result = bad.gradcheck("check", "--inputs=30", "--time-limit=2", CI="true")
    assert result.code == 1
    for name, report in run[1].items():
        if not name.startswith("random"):
            assert report.text.strip() in result
    assert "Traceback" not in result
