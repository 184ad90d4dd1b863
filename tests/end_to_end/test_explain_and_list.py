"""`gradcheck explain` and `gradcheck list` as processes: what a reader of the library sees."""

import pytest

from tests.end_to_end.files import RIGHT, WRONG

TITLED = '"""Softmax of a row.\\n\\n$$y_j = e^{z_j} / \\\\sum_n e^{z_n}$$\\n"""\n' + RIGHT
#: One rule of every kind, on sizes and numbers that a person can follow; only the last is wrong.
KINDS = """
    import numpy as np
    from gradcheck import derivation, identity, measure_jvp, options, real, simplex

    @derivation(x="k")
    def square(x):
        return x * x

    @square.partial(where=lambda i, j: i == j)
    def entry(x, i):
        return 2 * x[i]

    @square.column
    def column(x, i):
        return 2 * x[i] * np.eye(len(x))[i]

    @square.row
    def row(x, j):
        return 2 * x[j] * np.eye(len(x))[j]

    @square.jacobian
    def matrix(x):
        return np.diag(2 * x)

    @square.jvp
    def forward(dx, x):
        return 2 * x * dx

    @options(output="l")
    @derivation(x=real("k", low=0), p=simplex("k"))
    def mean_logarithm(x, p):
        return np.log(x) @ p

    @mean_logarithm.gradient
    def gradient(x, p):
        return p / x, np.log(x)

    @mean_logarithm.hessian("x")
    def hessian(x, p):
        return np.diag(-p / x**2)

    @options(output="s c")
    @derivation(x="")
    def both(x):
        return np.sin(x), np.cos(x)

    @both.vjp
    def wrong(ds, dc, s, c):
        return ds * c + dc * s

    @identity(x="k", v="k")
    def measured(x, v):
        return measure_jvp(square, (x,), (v,)), forward(v, x)
"""


def rows(output, label):
    """The rule's number and the measured one, of each row whose label begins so."""
    lines = [line for line in output.splitlines() if " | " in line]
    found = [line.split("|") for line in lines if line.strip().startswith(label)]
    return [(float(left.split()[-1]), float(right.split()[0])) for left, right in found]


def test_explain_shows_the_formula_the_rules_and_worked_numbers(folder):
    folder("derivations/family/softmax.py", TITLED)
    result = folder.gradcheck("explain", "softmax")
    assert result.code == 0, result.output
    for said in (
        "derivations/family/softmax.py\n",
        r"$$y_j = e^{z_j} / \sum_n e^{z_n}$$",
        "derivations/family/softmax.py:6\n",
        "    @softmax.vjp\n    def backward(dy, y):\n        return y * (dy - dy @ y)\n",
        "(the cotangent)",
        "= softmax(z)\n",
    ):
        assert said in result
    found = rows(result.output, "dz[")
    assert len(found) == 2
    for value, measured in found:
        assert value == pytest.approx(measured, rel=1e-6)
        assert value != 0


def test_explain_works_out_every_kind_of_rule(folder):
    folder("derivations/kinds.py", KINDS)
    result = folder.gradcheck("explain", "kinds")
    assert result.code == 0, result.output
    counts = {"∂y[0]/∂x[0]": 4, "∂y[1]/∂x[0]": 3, "dy[": 2, "∂l/∂x[": 2, "∂²/∂x[": 4}
    for label, number in counts.items():
        found = rows(result.output, label)
        assert len(found) == number, label
        assert all(value == pytest.approx(measured, rel=1e-6) for value, measured in found)
    assert "∂l/∂p[0] within the domain" in result  # the probabilities keep their sum
    assert "ds = " in result
    assert "dc = " in result
    ((value, measured),) = rows(result.output, "dx ")
    assert value != pytest.approx(measured, rel=1e-3)
    # A measured side of an equality has its error.
    assert "  measure_jvp(square, (x,), (v,))\n" in result
    assert " ± " in result.output.split("measure_jvp(square, (x,), (v,))\n")[1].splitlines()[0]


def test_explain_takes_names_of_files_and_declarations(folder):
    folder("derivations/family/softmax.py", RIGHT)
    folder("derivations/other.py", WRONG.replace("softmax", "soft_maximum"))
    folder("derivations/broken.py", "import nothing_of_that_name\n")
    for name in ("soft_maximum", "soft_maximum[vjp-backward]", "derivations/other.py", "other"):
        assert "def soft_maximum(z):" in folder.gradcheck("explain", name), name
    result = folder.gradcheck("explain", "family/softmax.py::shift_invariance")
    assert ("def shift_invariance" in result, "def backward" in result) == (True, False)


def test_explain_says_what_is_near_an_unknown_name(folder):
    folder("derivations/one.py", RIGHT)
    folder("derivations/two.py", WRONG)
    result = folder.gradcheck("explain", "shift_invarience")
    assert result.code == 2
    assert "shift_invarience: no file and no declaration has that name; is it one of" in result
    assert "shift_invariance" in result
    result = folder.gradcheck("explain", "softmax")
    assert result.code == 2
    assert "several files; name one: derivations/one.py, derivations/two.py\n" in result
    assert "`gradcheck list` shows what is there" in folder.gradcheck("explain", "qqq")


def test_explain_tells_of_rules_that_cannot_be_used(folder):
    folder(
        "derivations/unusable.py",
        """
        from gradcheck import derivation

        @derivation(x="k")
        def square(x):
            return x * x

        @square.vjp
        def raises(dy):
            return undefined_name

        @square.jacobian
        def flat(x):
            return 2 * x

        @derivation(x="k")
        def nothing_claimed(x):
            return x * x
        """,
    )
    result = folder.gradcheck("explain", "unusable")
    assert result.code == 0
    assert "raises raises NameError: name 'undefined_name' is not defined" in result
    assert "flat returns shape (2,); the Jacobian has the shape" in result
    assert "no rule is declared for it" in result
    assert "Traceback" not in result


def test_list_is_grouped_by_folder_with_titles(folder):
    folder("derivations/zero.py", TITLED)
    folder("derivations/family/softmax.py", TITLED)
    folder("derivations/a_file_without_a_title.py", RIGHT)
    result = folder.gradcheck("list")
    assert result.code == 0
    assert result.output == (
        "derivations/\n"
        "  a_file_without_a_title.py\n"
        "      shift_invariance, softmax[vjp-backward]\n"
        "  zero.py                    Softmax of a row.\n"
        "      shift_invariance, softmax[vjp-backward]\n"
        "\n"
        "derivations/family/\n"
        "  softmax.py  Softmax of a row.\n"
        "      shift_invariance, softmax[vjp-backward]\n"
        "\n"
        "3 files, 6 claims\n"
    )


def test_list_can_say_the_status(folder):
    folder("derivations/right.py", TITLED)
    folder("derivations/wrong.py", WRONG)
    result = folder.gradcheck("list", "--status")
    assert "  right.py  PASS  Softmax of a row.\n" in result
    assert "  wrong.py\n      softmax[vjp-backward]\n      FAIL: softmax[vjp-backward]\n" in result
