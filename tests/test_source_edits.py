"""One-token neighbours: which ones there are, that they run, and how they are shown."""

import functools
import importlib.util
import inspect
import os
import re
import warnings

import numpy as np
import pytest

import gradcheck as gc
from gradcheck.known_slips import known_slips
from gradcheck.source_edits import edits


def changes(function, kind, expression=None):
    """What one kind of edit makes of the last line of a function."""
    return {
        edit.after.removeprefix("return ")
        for edit in edits(function, expression)
        if edit.kind == kind
    }


def softmax_rule(dy, y):
    """Of softmax."""
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


def masked(dx, x):
    return dx * (x > 0)


def linear_rule(dz, x, W):
    return dz @ W.T, x.T @ dz, dz.sum(axis=0)


def one_entry(y, i, j):
    return y[i] ** 2 - 3 * y[j]


def by_hand(dy, p):
    total = p.sum()
    out = np.exp(p) / total
    out[0] += dy[0]
    return out


@pytest.mark.parametrize(
    ("function", "kind", "expected"),
    [
        (softmax_rule, "sign", "y * (dy + (dy * y).sum(axis=-1, keepdims=True))"),
        (softmax_rule, "sign", "-(y * (dy - (dy * y).sum(axis=-1, keepdims=True)))"),
        (softmax_rule, "term", "y * (dy)"),
        (softmax_rule, "factor", "y * (dy - (dy).sum(axis=-1, keepdims=True))"),
        (softmax_rule, "operator", "y * (dy - (dy / y).sum(axis=-1, keepdims=True))"),
        (softmax_rule, "axis", "y * (dy - (dy * y).sum(axis=0, keepdims=True))"),
        (softmax_rule, "keepdims", "y * (dy - (dy * y).sum(axis=-1))"),
        (softmax_rule, "sum", "y * (dy - dy * y)"),
        (softmax_rule, "function", "y * (dy - (dy * y).mean(axis=-1, keepdims=True))"),
        (softmax_rule, "variable", "y * (y - (dy * y).sum(axis=-1, keepdims=True))"),
        (softmax_rule, "in-place", "y * (dy - (np.multiply(dy, y, out=dy)).sum(axis=-1, "
         "keepdims=True))"),
        (masked, "comparison", "dx * (x >= 0)"),
        (masked, "constant", "dx * (x > 1)"),
        (linear_rule, "transpose", "dz @ W, x.T @ dz, dz.sum(axis=0)"),
        (linear_rule, "sum", "dz @ W.T, x.T @ dz, dz"),
        (linear_rule, "order", "x.T @ dz, dz @ W.T, dz.sum(axis=0)"),
        (linear_rule, "factor", "dz @ W.T, x.T @ dz, dz.sum(axis=0) / len(x)"),
        (one_entry, "index", "y[i + 1] ** 2 - 3 * y[j]"),
        (one_entry, "power", "y[i] ** 3 - 3 * y[j]"),
        (one_entry, "power", "y[i] - 3 * y[j]"),
        (one_entry, "variable", "y[j] ** 2 - 3 * y[j]"),
        (by_hand, "power", "out = np.exp(p) / total ** 2"),
        (by_hand, "in-place", "out[0] = dy[0]"),
        (by_hand, "statement", "pass"),
    ],
)  # fmt: skip
def test_neighbours(function, kind, expected):
    assert expected in changes(function, kind)


def test_an_edit_is_shown_as_its_line_and_computes_what_it_shows():
    (edit,) = [e for e in edits(masked) if e.after == "return dx * (x >= 0)"]
    assert edit.before == "return dx * (x > 0)"
    assert edit.line == inspect.getsourcelines(masked)[1] + 1
    assert edit.function(2.0, 0.0) == 2.0
    assert masked(2.0, 0.0) == 0.0
    code = edit.function.__code__
    assert (code.co_filename, code.co_firstlineno) == (__file__, masked.__code__.co_firstlineno)


def test_every_edit_differs_and_none_is_the_original():
    for function in (softmax_rule, linear_rule, one_entry, by_hand):
        found = edits(function)
        shown = [(edit.line, edit.before, edit.after) for edit in found]
        assert len(set(shown)) == len(shown)
        assert all(edit.before != edit.after for edit in found)


def cells(dy, x):
    out, total = [], 0.0
    for part in dy:
        total = total + part * x
        out += [total]
        out.append(total)
    out[0] = total
    return np.array(out)


def test_no_edit_puts_a_list_into_itself():
    # numpy makes an array of one for ever, or until there is no memory left.
    shown = [edit.after for edit in edits(cells)]
    assert "out.append(total)" in {edit.before for edit in edits(cells)}
    assert not {"out.append(out)", "out += [out]", "out[0] = out"} & set(shown)


def test_the_surroundings_of_a_function_are_kept():
    scale = 3.0

    def rule(dy, x, *, shift=2.0):
        return scale * dy * x + shift

    before = scale
    (edit,) = [e for e in edits(rule) if e.kind == "sign" and e.after.endswith("x - shift")]
    assert edit.function(1.0, 2.0) == before * 2.0 - 2.0
    assert edit.function.__name__ == "rule"
    scale = 5.0  # a free variable is the same one, not a copy
    assert edit.function(1.0, 2.0) == scale * 2.0 - 2.0


def test_a_decorated_rule_is_edited_below_its_decorators():
    @gc.derivation(z="k")
    def square(z):
        return z * z

    @square.partial(
        where=lambda i, j: i == j  # the other entries are zero
    )
    def same(z, i: int) -> float:
        r"""$2 z_i$."""
        return 2 * z[i]

    found = edits(same.function)
    assert "return 3 * z[i]" in {edit.after for edit in found}
    assert not any("where" in edit.before for edit in found)


def test_one_expression_of_an_identity():
    @gc.options(sizes={"k": (2, 8)})
    @gc.identity(z=gc.real("k", low=-30, high=30), i=gc.integers(high="k"))
    def chain(z, i):
        e = np.exp(z)
        total = e.sum()
        return (
            0 * total - e[i] * e[0],
            -e[0] * e[i] / total,
            -e[i] * e[0] * 1,
        )

    found = edits(chain.function, expression=1)
    assert {edit.before for edit in found} == {"-e[0] * e[i] / total,"}
    (repair,) = [edit for edit in found if edit.after == "-e[0] * e[i] / total ** 2,"]
    first, second, _ = repair.function(np.zeros(2), 0)
    assert (first, second) == (-1.0, -1.0 / 4)


def test_where_the_source_is_not_at_hand_there_are_no_edits():
    space = {}
    exec("def made(x):\n    return x + 1", space)
    for function in (lambda x: x + 1, space["made"], np.exp, len, functools.partial(masked, 1.0)):
        assert edits(function) == []


def test_a_file_that_has_changed_since_is_not_taken_for_the_source(tmp_path):
    file = tmp_path / "rules.py"
    file.write_text("def rule(dy, x):\n    return dy * 2 * x\n", encoding="utf-8")
    spec = importlib.util.spec_from_file_location("rules_that_change", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert "return dy * 3 * x" in {edit.after for edit in edits(module.rule)}
    file.write_text("def rule(dy, x):\n    return dy + 2 * x\n", encoding="utf-8")
    os.utime(file, (1, 1))  # however coarse the clock of the file system is
    assert edits(module.rule) == []


def test_lines_that_are_cut_and_characters_of_several_bytes():
    def rule(dy, y):
        return (
            dy * len("∂∂")  # the slope ∂
            - y
        )

    shown = {(edit.line, edit.before, edit.after) for edit in edits(rule)}
    first = rule.__code__.co_firstlineno
    line = 'dy * len("∂∂")  # the slope ∂'
    assert (first + 2, line, "dy + len('∂∂')  # the slope ∂") in shown
    assert (first + 2, "dy * len('∂∂') - y", "dy * len('∂∂') + y") in shown
    assert (first + 3, "- y", "- dy") in shown


def test_what_python_says_of_an_edit_is_not_for_the_user():
    def rule(dy, x):
        return dy * np.where(x > 0, 1.0, 2.0)[0]

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        shown = {edit.after for edit in edits(rule)}
    assert "return dy * 1.0[0]" in shown  # of which Python says that a float is not subscriptable
    assert heard == []


def chosen(x, out, i):
    a = np.where(x > 3.14159, np.where(x > 9, 0.0, 1.0), 2.0)
    out[i] += a + 1e-12
    out[i] -= 2 * 3.14159
    if x > 100:
        a = 2 * a
    return a


def test_known_slips_are_mended_wherever_they_stand():
    found = [(edit.kind, edit.after) for edit in known_slips(chosen, special=True)]
    assert ("scatter", "np.add.at(out, i, a + 1e-12)  # likewise in line 0") in [
        (kind, re.sub(r"\d+$", "0", after)) for kind, after in found
    ]
    constant = next(after for kind, after in found if kind == "constant" and "np.pi" in after)
    assert constant.startswith("a = np.where(x > np.pi, np.where(x > 9, 0.0, 1.0), 2.0)")
    assert ("branch", "pass") in found
    assert ("term", "a = np.where(x > 3.14159, 1.0, 2.0)") in found
    assert ("term", "out[i] += a") in found
    usual = [edit.after for edit in known_slips(chosen)]
    assert "out[i] += a" not in usual
