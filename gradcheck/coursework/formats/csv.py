"""One table for a class, a row a submission, for spreadsheets and for programs.

UTF-8 with a byte-order mark: a spreadsheet that opens the file by a double click takes it for
another encoding without, and readers of tables in programs skip it (``utf-8-sig`` in Python; pandas
by itself). The table is the teacher's: it has reasons and named mistakes, hidden parts too.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from gradcheck.coursework.formats.disclosure import notes
from gradcheck.coursework.formats.text import name, rounded
from gradcheck.coursework.results import Graded, Part
from gradcheck.coursework.whole_files import write_whole

#: A cell longer than this many characters, some spreadsheets cut or refuse (32,767).
_MOST_CELL = 2_000
#: Where a spreadsheet would begin a formula: at the start of a cell, and wherever one begins that
#: takes another character than the comma for what is between cells.
_FORMULA = re.compile("(^|[,;|\"'])(\\s*)(?=[=+\\-@＝＋－＠])")


def write(graded: Sequence[Graded], directory: Path) -> list[Path]:
    """Write ``class.csv``."""
    return [write_whole(directory / "class.csv", table(graded).encode("utf-8-sig"))]


def table(graded: Sequence[Graded]) -> str:
    """The table as text, without the byte-order mark."""
    parts = list(dict.fromkeys(part.name for one in graded for part in one.parts))
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(map(_cell, _heads(parts)))
    writer.writerows(_row(one, parts) for one in graded)
    return text.getvalue()


def _heads(parts: Sequence[str]) -> list[str]:
    heads = ["submission", "assignment", "points", "possible", "needs the teacher"]
    for part in parts:
        heads += [part, f"{part}: outcome"]
    return [*heads, "mistakes", "reasons", "notes", "isolation", "seed", "versions", "seconds"]


def _row(one: Graded, names: Sequence[str]) -> list[str | float]:
    by_name = {part.name: part for part in one.parts}
    row: list[str | float] = [_cell(one.submission), _cell(one.assignment)]
    row += [rounded(one.earned), rounded(one.possible), "yes" if one.needs_teacher else ""]
    for part in map(by_name.get, names):
        row += ["", ""] if part is None else [rounded(part.earned), str(part.outcome)]
    return [
        *row,
        _cell(_of_parts(one, lambda part: " or ".join(title for _, title in part.mistakes))),
        _cell(_of_parts(one, lambda part: part.reason)),
        _cell("; ".join([*notes(one), *_remarks(one)])),
        _cell(one.isolation),
        str(one.seed),  # as a number, a spreadsheet would round it
        _cell(", ".join(f"{what} {which}" for what, which in one.versions.items())),
        round(one.seconds, 3),
    ]


def _of_parts(one: Graded, say: Callable[[Part], str]) -> str:
    told = [(part.name, say(part)) for part in one.parts]
    return "; ".join(f"{part}: {text}" for part, text in told if text)


def _remarks(one: Graded) -> list[str]:
    return [f"{part.name}: {remark}" for part in one.parts for remark in part.remarks]


def _cell(text: str) -> str:
    """Text in one line in which no spreadsheet finds a formula; an apostrophe marks it as text."""
    return _FORMULA.sub(r"\1'\2", name(text, _MOST_CELL))
