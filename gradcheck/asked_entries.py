"""Entries of a Jacobian that a rule is asked for: all of it, or columns, rows and single ones.

Which are asked for, with what indices, and what the answers are held to.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.claims import Rule
from gradcheck.gradients import fit
from gradcheck.hints import Said, said
from gradcheck.oracle.layout import Layout, Leaf
from gradcheck.returned import Violation, finite, floating, raises, returns
from gradcheck.subject import Subject

Floats = NDArray[np.float64]

#: At most so many columns, rows and single entries of a claim are asked for in one case: they
#: cost a call each. They are drawn, so that the cases together see all of them.
_MOST_COLUMNS = 8
_MOST_ROWS = 16
_MOST_ENTRIES = 256


@dataclass
class Entries:
    """Some claimed entries of the Jacobian.

    ``values[r, c]`` is that of output ``rows[r]`` and input ``columns[c]``, where ``mask`` holds.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    values: Floats
    mask: NDArray[np.bool_] | None = None
    uncovered: int = 0


def jacobian(rule: Rule, subject: Subject, raw: Any) -> Entries:
    """The whole of it, as answered: of the shape of the output and then that of the input.

    Raises ``Violation`` for any other.
    """
    (leaf,) = _single(rule, subject.inputs)
    (output,) = _single(rule, subject.outputs)
    array = np.asarray(floating(lambda: returns(rule.name), raw, integers=True))
    shape = output.shape + leaf.shape
    if array.shape != shape:
        hint = (
            said(
                "; it looks like the transpose: J[j, i] = ∂y_j/∂x_i",
                "；看起来像是转置：J[j, i] = ∂y_j/∂x_i",
            )
            if array.shape == leaf.shape + output.shape
            else ""
        )
        raise Violation(
            "wrong shape",
            said(
                "{name} returns shape {found}; the Jacobian has the shape of the output and then "
                "that of {leaf}: {shape}{hint}",
                "{name} 返回的形状是 {found}；雅可比矩阵的形状是输出的形状后接 {leaf} 的形状："
                "{shape}{hint}",
                name=rule.name,
                found=array.shape,
                leaf=leaf.name,
                shape=shape,
                hint=hint,
            ),
        )
    values = array.astype(np.float64).reshape(subject.y.size, subject.x.size)
    finite(values.reshape(-1), rule.name, _JACOBIAN)
    return Entries(np.arange(subject.y.size), np.arange(subject.x.size), values)


@dataclass
class Drawn:
    """Which columns, rows or single entries are asked for, with what, and where they stand."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    asked: list[dict[str, Any]]
    places: list[tuple[int, int]] = field(default_factory=list)
    uncovered: int = 0


def draw(rule: Rule, subject: Subject, rng: np.random.Generator) -> Drawn:
    """Columns, rows or single entries: all of them where there are few, else some, drawn."""
    (leaf,) = _single(rule, subject.inputs)
    (output,) = _single(rule, subject.outputs)
    n, m = subject.x.size, subject.y.size
    if rule.kind == "row":
        rows = _some(rng, m, _MOST_ROWS)
        return Drawn(rows, np.arange(n), [{"j": j} for j in _indices(output, rows)])
    columns = _some(rng, n, _MOST_COLUMNS)
    if rule.kind == "column":
        return Drawn(np.arange(m), columns, [{"i": i} for i in _indices(leaf, columns)])
    rows = _some(rng, m, max(1, _MOST_ENTRIES // max(1, columns.size)))
    drawn = Drawn(rows, columns, [])
    siblings = [
        other
        for other in subject.derivation.rules
        if other.kind == "partial" and other.wrt == rule.wrt and other.problem is None
    ]
    for c, i in enumerate(_indices(leaf, columns)):
        for r, j in enumerate(_indices(output, rows)):
            names = {**subject.names, "i": i, "j": j}
            if _says(rule, names):
                drawn.asked.append({"i": i, "j": j})
                drawn.places.append((r, c))
            elif not any(_says(other, names) for other in siblings):
                drawn.uncovered += 1
    return drawn


def answered(rule: Rule, subject: Subject, ask: Callable[..., Any], drawn: Drawn) -> Entries:
    """The entries that were drawn; ``ask((), i=…, j=…)`` calls the rule.

    Raises ``Violation`` for an answer of the wrong shape, or one that is not finite.
    """
    (leaf,) = _single(rule, subject.inputs)
    (output,) = _single(rule, subject.outputs)
    rows, columns, notes = drawn.rows, drawn.columns, list[str]()
    if rule.kind == "row":
        parts = [
            fit(functools.partial(_row, rule.name, at["j"]), ask((), **at), leaf, notes)
            for at in drawn.asked
        ]
        values = np.array(parts).reshape(rows.size, columns.size)
        return Entries(rows, columns, finite(values, rule.name, _ROW))
    if rule.kind == "column":
        parts = [
            fit(functools.partial(_column, rule.name, at["i"]), ask((), **at), output, notes)
            for at in drawn.asked
        ]
        values = np.array(parts).reshape(columns.size, rows.size).T
        return Entries(rows, columns, finite(values, rule.name, _COLUMN))
    values = np.zeros((rows.size, columns.size))
    mask = np.zeros(values.shape, bool)
    for at, place in zip(drawn.asked, drawn.places, strict=True):
        mask[place] = True
        value = np.asarray(floating(lambda: returns(rule.name), ask((), **at), True))
        if value.size != 1:
            raise Violation(
                "wrong shape",
                said(
                    "{name} returns shape {shape} for i = {i}, j = {j}; a single entry is a number",
                    "{name} 在 i = {i}, j = {j} 时返回的形状是 {shape}；单个元素应是一个数",
                    name=rule.name,
                    shape=value.shape,
                    **at,
                ),
            )
        values[place] = value.reshape(())
    finite(values.reshape(-1), rule.name, _ENTRY)
    return Entries(rows, columns, values, mask, drawn.uncovered)


def _says(rule: Rule, names: Mapping[str, Any]) -> bool:
    if rule.where is None:
        return True
    try:
        return bool(rule.where.call((), names))
    except Exception as error:
        raise Violation("raises", raises(f"{rule.name}: where=", error)) from error


def _some(rng: np.random.Generator, size: int, most: int) -> NDArray[np.intp]:
    if size <= most:
        return np.arange(size)
    return np.sort(rng.choice(size, most, replace=False))


def _indices(leaf: Leaf, positions: NDArray[np.intp]) -> Iterator[Any]:
    for position in positions:
        if len(leaf.shape) == 1:
            yield int(position)
        else:
            yield tuple(int(k) for k in np.unravel_index(position, leaf.shape))


def _single(rule: Rule, layout: Layout) -> list[Leaf]:
    if len(layout.leaves) != 1:
        raise Violation(
            "wrong kind",
            said(
                "{name}: a {kind} is of one array with respect to one array; there are {leaves}: "
                "use vjp or jvp",
                "{name}：{kind} 是一个数组对一个数组的；这里有 {leaves}：请用 vjp 或 jvp",
                name=rule.name,
                kind=rule.kind,
                leaves=", ".join(leaf.label for leaf in layout.leaves),
            ),
        )
    return layout.leaves


# What is said of an answer that cannot be used is put together only then: it costs too much.


def _row(name: str, j: Any) -> Said:
    return said(
        "{name}: the row for output index {j}", "{name}：输出下标 {j} 对应的行", name=name, j=j
    )


def _column(name: str, i: Any) -> Said:
    return said(
        "{name}: the column for input index {i}", "{name}：输入下标 {i} 对应的列", name=name, i=i
    )


_JACOBIAN, _ENTRY = said("Jacobian", "雅可比矩阵"), said("entry", "元素")
_ROW, _COLUMN = said("row", "行"), said("column", "列")
