"""The forms in which marks are given out, one file each; all are made from ``Graded`` alone.

A writer is given a directory of its own: ``FORMATS["gradescope"](graded, directory)``. What a
student may see is decided in ``disclosure`` for all of them; ``csv`` and ``class.html`` are the
teacher's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

from gradcheck.coursework.formats import csv, github, gradescope, html, junit, prairielearn
from gradcheck.coursework.results import Graded
from gradcheck.report.template import require_installed

#: Writes into a directory, which is made, and returns what it wrote.
Writer: TypeAlias = Callable[[Sequence[Graded], Path], list[Path]]

#: By the names that a command line gives them.
FORMATS: dict[str, Writer] = {
    "csv": csv.write,
    "github": github.write,
    "gradescope": gradescope.write,
    "html": html.write,
    "junit": junit.write,
    "prairielearn": prairielearn.write,
}


def require_formats(names: Iterable[str], option: str = "--format") -> None:
    """Raise ``InputError`` where a format lacks what it is made with: before a long run, not after.

    The names are those of ``FORMATS``.
    """
    if "html" in names:
        require_installed(f"{option} html")
