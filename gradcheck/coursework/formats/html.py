"""Pages: one for each student, and one for the class, which is the teacher's.

``class.html`` has named mistakes and the reasons of what is undecided; ``students/NAME.html`` has
what that student may see, and can be handed out by itself. They need no network and have no script.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gradcheck.coursework.formats.disclosure import STATUS, disclosed
from gradcheck.coursework.formats.files import file_names
from gradcheck.coursework.formats.overview import MOST_LISTED, PartCount, overview
from gradcheck.coursework.formats.text import name, points
from gradcheck.coursework.results import Graded
from gradcheck.coursework.whole_files import write_whole
from gradcheck.records import count

_PACKAGE = "gradcheck.coursework.formats"
#: The folder of the students' pages.
_STUDENTS = "students"
#: In the table of a class, names of submissions and parts are cut after so many characters.
_MOST_NAME = 60
#: The statuses of parts, as a bar shows them from left to right, and their words.
_WORDS = {"pass": "right", "fail": "wrong", "error": "no answer", "undecided": "undecided"}


class _Row(NamedTuple):
    """A submission in the table of the class."""

    name: str
    page: str
    earned: float
    #: The status, the outcome and the points of each part.
    parts: list[tuple[str, str, float]]


def write(graded: Sequence[Graded], directory: Path) -> list[Path]:
    """Write ``class.html``, and a page for each student in ``students/``."""
    names = [f"{one}.html" for one in file_names(graded)]
    written = [_write(directory / "class.html", class_page(graded, names))]
    for one, file in zip(graded, names, strict=True):
        written.append(_write(directory / _STUDENTS / file, student_page(one)))
    return written


def student_page(graded: Graded) -> str:
    """What one student may see, as HTML."""
    return _rendered("student.html", told=disclosed(graded))


def class_page(graded: Sequence[Graded], files: Sequence[str]) -> str:
    """The class, as HTML; ``files`` are the names of the students' pages."""
    rows = [
        _Row(
            name(one.submission, _MOST_NAME) or "(without a name)",
            f"{_STUDENTS}/{file}",
            one.earned,
            [(STATUS[part.outcome], str(part.outcome), part.earned) for part in one.parts],
        )
        for one, file in zip(graded, files, strict=True)
    ]
    whole = overview(graded)
    columns = {tuple(part.name for part in one.parts) for one in graded}
    return _rendered(
        "class.html",
        whole=whole,
        rows=rows,
        # Submissions to several assignments share no columns.
        columns=[name(part.title, _MOST_NAME) for part in whole.parts] if len(columns) == 1 else [],
        bars=[_bar(part) for part in whole.parts],
        most=MOST_LISTED,
        versions=dict.fromkeys(
            ", ".join(f"{name(what)} {name(which)}" for what, which in one.versions.items())
            for one in graded
        ),
    )


def _bar(part: PartCount) -> list[tuple[str, int, float, str]]:
    """The pieces of a bar: status, how many, percent of the width, in words."""
    return [
        (status, n, 100 * n / part.submissions, word)
        for status, word in _WORDS.items()
        if (n := part.statuses[status])
    ]


def _rendered(template: str, **values: Any) -> str:
    from gradcheck.report.template import rendered

    return rendered(_PACKAGE, template, points=points, count=count, words=_WORDS, **values)


def _write(path: Path, page: str) -> Path:
    return write_whole(path, page.encode("utf-8", "backslashreplace"))
