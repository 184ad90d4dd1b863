"""A few entries of a Jacobian laid out as the matrix that they are, the wrong ones marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradcheck.hints import columns as in_columns
from gradcheck.report.figures import subscript

if TYPE_CHECKING:
    from gradcheck.verdict import Entry

#: The claims whose entries are those of a matrix.
MATRICES = ("jacobian", "partial", "column", "row", "hessian")
#: A larger matrix is no picture any more, and its wrong entries are listed.
_MOST = 8
#: Wrong entries are told apart in so many digits, or listed.
_DIGITS = range(4, 9)
_MARK = "*"
_GAP = "   "


def matrix(
    entries: Sequence[Entry], width: int, titles: tuple[str, str] = ("claimed", "measured")
) -> list[str] | None:
    """The lines of claimed and measured side by side, or above each other where that is too wide.

    A row is an output, a column an input. None where it is no matrix, or too large a one.
    """
    rows = sorted({(e.output, e.output_index) for e in entries})
    columns = sorted({(e.input, e.index) for e in entries})
    if len(entries) < 2 or max(len(rows), len(columns)) > _MOST:
        return None
    wrong = [entry for entry in entries if entry.wrong]
    digits = next((d for d in _DIGITS if all(_told_apart(e, d) for e in wrong)), None)
    if digits is None:
        return None
    names = [subscript(*row) for row in rows]
    heads = [subscript(*column) for column in columns]
    claimed = {_key(e): (_number(e.claimed, digits), _MARK if e.wrong else " ") for e in entries}
    measured = {_key(e): (_measured(e, digits), " ") for e in entries}
    left, right = (
        _block(title, cells, rows, columns, heads)
        for title, cells in zip(titles, (claimed, measured), strict=True)
    )
    margin = max(map(len, names))
    head = f"∂{rows[0][0]}/∂{columns[0][0]}"
    beside = [f"{a:<{len(left[1])}}{_GAP}{b}" for a, b in zip(left, right, strict=True)]
    margin = max(margin, len(head))
    for blocks in ([beside], [left, right]):
        lines = [
            f"  {name:<{margin}}{_GAP}{line}".rstrip()
            for block in blocks
            for name, line in zip([head, "", *names], block, strict=True)
        ]
        if max(map(len, lines)) <= width:
            return lines
    return None


def _block(
    title: str,
    cells: dict[tuple[object, ...], tuple[str, str]],
    rows: list[tuple[str, tuple[int, ...]]],
    columns: list[tuple[str, tuple[int, ...]]],
    heads: list[str],
) -> list[str]:
    """Title, heads and rows of one matrix; an entry that nothing is claimed of is a point."""
    table = [[cells.get((*row, *column), ("·", " ")) for row in rows] for column in columns]
    set_out = [_aligned(head, cells) for head, cells in zip(heads, table, strict=True)]
    lines = ["  ".join(line) for line in zip(*set_out, strict=True)]
    return [title + " " * (len(lines[0]) - in_columns(title)), *lines]


def _aligned(head: str, cells: list[tuple[str, str]]) -> list[str]:
    """A column: its head, and its numbers with the points below each other."""
    after = [len(number.partition(".")[2]) + ("." in number) for number, _ in cells]
    padded = [
        number + " " * (max(after) - own) if "e" not in number else number
        for (number, _), own in zip(cells, after, strict=True)
    ]
    # The mark stands at the number, not after the padding.
    marked = [
        text.rstrip() + mark + " " * (len(text) - len(text.rstrip()))
        for text, (_, mark) in zip(padded, cells, strict=True)
    ]
    width = max(len(head) + 1, *map(len, marked))
    return [f"{head} ".rjust(width), *(text.rjust(width) for text in marked)]


def _key(entry: Entry) -> tuple[object, ...]:
    return (entry.output, entry.output_index, entry.input, entry.index)


def _measured(entry: Entry, digits: int) -> str:
    # What is not told from zero is no number to be read.
    zero = abs(entry.measured) <= entry.error
    return _number(0.0 if zero else entry.measured, digits)


def _number(value: float, digits: int) -> str:
    return f"{value + 0.0:.{digits}g}"  # without the sign of a zero


def _told_apart(entry: Entry, digits: int) -> bool:
    return _number(entry.claimed, digits) != _measured(entry, digits)
