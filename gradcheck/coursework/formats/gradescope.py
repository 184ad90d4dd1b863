"""``results.json`` as Gradescope's autograder specification has it, one for each submission.

A hidden part is shown like any other, with its outcome and points alone: where a test has the
visibility ``hidden``, Gradescope shows a student no total. What the grader prints stays hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradcheck.coursework.formats.disclosure import Disclosed, Told, disclosed
from gradcheck.coursework.formats.files import as_json, fitted, for_each
from gradcheck.coursework.formats.text import MOST_TEXT, points, rounded
from gradcheck.coursework.results import Graded, Outcome
from gradcheck.coursework.whole_files import write_whole

#: Gradescope states no limit; a page of more than this is of no use to a student.
_MOST_BYTES = 2_000_000
#: The whole is text for people, never markup: names and output may hold anything.
_FORMATS = dict.fromkeys(("output_format", "test_output_format", "test_name_format"), "text")
_NEEDS_TEACHER = str(Outcome.NEEDS_TEACHER)


def write(graded: Sequence[Graded], directory: Path) -> list[Path]:
    """Write ``results.json``, in a folder for each submission if there are several."""
    return for_each(graded, directory, _write_one)


def _write_one(graded: Graded, directory: Path) -> list[Path]:
    def make(most: int) -> bytes:
        return as_json(results(disclosed(graded, most), graded.seconds))

    return [write_whole(directory / "results.json", fitted(make, _MOST_BYTES, MOST_TEXT))]


def results(told: Disclosed, seconds: float = 0.0) -> dict[str, Any]:
    """The document of one submission."""
    return {
        # Also where no test has a score: all may be waiting for the teacher.
        "score": rounded(max(told.earned, 0.0)),
        "execution_time": round(seconds, 3),
        "output": _whole(told),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        **_FORMATS,
        "tests": [_test(number, part) for number, part in enumerate(told.parts, 1)],
        "extra_data": {"versions": told.versions},
    }


def _whole(told: Disclosed) -> str:
    lines = [f"{told.assignment}: {points(told.earned)} of {points(told.possible)} points."]
    if told.needs_teacher:
        lines.append("Parts of it need the teacher, who will add their points.")
    lines += [told.warning] if told.warning else []
    return "\n".join([*lines, *told.notes])


def _test(number: int, part: Told) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": part.title,
        "number": str(number),
        "max_score": rounded(part.possible),
        "output": _output(part),
        "visibility": "visible",
        "tags": [str(part.outcome), *(["hidden cases"] if part.hidden else [])],
    }
    if part.outcome is Outcome.NEEDS_TEACHER:
        return made  # with a score it would be shown in red, as a failure
    return made | {
        "score": rounded(part.earned),
        "status": "passed" if part.outcome is Outcome.PASSED else "failed",
    }


def _output(part: Told) -> str:
    pieces = [part.said]
    if part.output:
        pieces.append(f"What it printed:\n{part.output}")
    return "\n\n".join(pieces)
