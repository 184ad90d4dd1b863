"""``results.json`` as PrairieLearn's external graders write it, one for each submission.

PrairieLearn escapes names; messages and output it takes as a terminal's, whose escapes ``plain``
has turned into text.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradcheck.coursework.formats.disclosure import Disclosed, Told, disclosed
from gradcheck.coursework.formats.files import as_json, fitted, for_each
from gradcheck.coursework.formats.text import MOST_TEXT, points, rounded
from gradcheck.coursework.results import Graded
from gradcheck.coursework.whole_files import write_whole

#: PrairieLearn refuses a file above 1 MB.
_MOST_BYTES = 1_000_000


def write(graded: Sequence[Graded], directory: Path) -> list[Path]:
    """Write ``results.json``, in a folder for each submission if there are several."""
    return for_each(graded, directory, _write_one)


def _write_one(graded: Graded, directory: Path) -> list[Path]:
    def make(most: int) -> bytes:
        return as_json(results(disclosed(graded, most)))

    return [write_whole(directory / "results.json", fitted(make, _MOST_BYTES, MOST_TEXT))]


def results(told: Disclosed) -> dict[str, Any]:
    """The document of one submission."""
    share = told.earned / told.possible if told.possible > 0 else 0.0
    return {
        # Always: what cannot be loaded is graded too, with 0 for the parts that are missing.
        "gradable": True,
        "score": min(max(share, 0.0), 1.0),
        "message": _message(told),
        # Without points on each test, PrairieLearn shows none at all.
        "tests": [_test(part) for part in told.parts],
    }


def _message(told: Disclosed) -> str:
    lines = [f"{points(told.earned)} of {points(told.possible)} points."]
    if told.needs_teacher:
        lines.append("Parts of it need the teacher, who will add their points.")
    lines += [told.warning] if told.warning else []
    return "\n".join([*lines, *told.notes])


def _test(part: Told) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": part.title,
        "description": f"hidden cases: {part.outcome}" if part.hidden else str(part.outcome),
        "points": rounded(part.earned),
        "max_points": rounded(part.possible),
        "message": part.said,
    }
    if part.output:
        made["output"] = part.output
    return made
