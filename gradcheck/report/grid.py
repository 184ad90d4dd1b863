"""Entries as the arrays that they are: what is drawn as a heat map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.report.figures import subscript
from gradcheck.report.matrix import MATRICES

if TYPE_CHECKING:
    from gradcheck.verdict import Entry

Floats = NDArray[np.float64]
Key = tuple[Any, ...]
#: A grid with more rows or columns is cut: its cells would be too small to be seen.
MOST = 32


@dataclass(frozen=True)
class Grid:
    """Claimed and measured values with named rows and columns; NaN where nothing is claimed."""

    title: str
    rows: list[str]
    columns: list[str]
    claimed: Floats
    measured: Floats
    wrong: NDArray[np.bool_]
    #: Where an entry is claimed at all.
    there: NDArray[np.bool_]

    @property
    def difference(self) -> Floats:
        """Claimed minus measured; 0 where that is no discrepancy."""
        with np.errstate(all="ignore"):
            off = self.claimed - self.measured
        return np.where(self.wrong | ~self.there, off, 0.0)


def grids(kind: str, entries: Sequence[Entry]) -> list[Grid]:
    """The matrix of a Jacobian, or the gradient of each input in the input's own shape.

    Of an input with more than two axes the leading ones become the rows. Empty where the entries
    are those of no array.
    """
    if kind == "identity" or not entries or any(e.input == "direction" for e in entries):
        return []
    if kind in MATRICES:
        places = [((e.output, *e.output_index), (e.input, *e.index)) for e in entries]
        return [_grid(f"∂{entries[0].output}/∂{entries[0].input}", entries, places, _named)]
    found = []
    for name in dict.fromkeys(entry.input for entry in entries):
        own = [entry for entry in entries if entry.input == name]
        places = [(("", *e.index[:-1]), ("", *e.index[-1:])) for e in own]
        title = f"d{name}" if kind == "vjp" else f"∂{own[0].output}/∂{name}"
        found.append(_grid(title, own, places, _numbered))
    return found


def _grid(
    title: str,
    entries: Sequence[Entry],
    places: list[tuple[Key, Key]],
    label: Callable[[Key], str],
) -> Grid:
    rows = sorted({row for row, _ in places})[:MOST]
    columns = sorted({column for _, column in places})[:MOST]
    shape = len(rows), len(columns)
    claimed, measured = np.full(shape, np.nan), np.full(shape, np.nan)
    wrong, there = np.zeros(shape, bool), np.zeros(shape, bool)
    for entry, (row, column) in zip(entries, places, strict=True):
        if row in rows and column in columns:
            at = rows.index(row), columns.index(column)
            # What is not told from zero is no number to be read.
            zero = abs(entry.measured) <= entry.error
            claimed[at], measured[at] = entry.claimed, 0.0 if zero else entry.measured
            wrong[at], there[at] = entry.wrong, True
    return Grid(title, [*map(label, rows)], [*map(label, columns)], claimed, measured, wrong, there)


def _named(place: Key) -> str:
    return subscript(place[0], place[1:])


def _numbered(place: Key) -> str:
    return ",".join(map(str, place[1:]))
