"""GitHub Actions and GitHub Classroom: a summary, annotations, and Classroom's own result.

For each submission ``summary.md`` (for ``$GITHUB_STEP_SUMMARY``), ``annotations.txt`` (workflow
commands, to be printed), and ``classroom.txt`` (for ``$GITHUB_OUTPUT``: the output ``result`` that
Classroom's grading reporter reads). ``announce`` does all three inside of a run. They are seen by
whoever sees the repository: the student.
"""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gradcheck.coursework.formats.disclosure import Disclosed, Told, disclosed, warning
from gradcheck.coursework.formats.files import as_json, fitted, for_each
from gradcheck.coursework.formats.text import MOST_TEXT, name, points, rounded
from gradcheck.coursework.results import Graded, Outcome
from gradcheck.coursework.whole_files import write_whole
from gradcheck.report.github import Annotation, add_to_summary, cell, commands, inline, markdown

#: The version of the result that Classroom's reporter reads.
_VERSION = 1
#: The reporter is handed the result in a variable, of which Linux takes 128 KiB; in base64, four
#: bytes hold three.
_MOST_BYTES = 90_000
_STATUSES = {"pass": "pass", "fail": "fail", "undecided": "error", "error": "error"}
_KINDS = {"fail": "error", "error": "error", "undecided": "warning"}


def write(graded: Sequence[Graded], directory: Path) -> list[Path]:
    """Write the three files, in a folder for each submission if there are several.

    Of several there is a summary of the class, too: who got how much, and who needs the teacher.
    """
    written = for_each(graded, directory, _write_one)
    if len(graded) != 1:
        text = class_summary(graded).encode("utf-8", "backslashreplace")
        written.append(write_whole(directory / "summary.md", text))
    return written


def announce(graded: Sequence[Graded]) -> Iterator[str]:
    """Tell a run of GitHub Actions what was graded; returns the lines to be printed for it.

    Adds to the summary of the job and, of a single submission, to the outputs of the step, where
    there are any; a class has no annotations, since its files are not of this repository.
    """
    if len(graded) != 1:
        add_to_summary(class_summary(graded))
        return iter(())
    told = disclosed(graded[0])
    add_to_summary(summary(told))
    path = os.environ.get("GITHUB_OUTPUT")
    if path:
        with contextlib.suppress(OSError), Path(path).open("ab") as file:
            file.write(_output(graded[0]))
    return annotated(told)


def passed(graded: Graded) -> bool | None:
    """Whether a job that grades one submission passes: None where that is the teacher's to say.

    Only the full points pass. Points that are lost fail, whatever else needs the teacher.
    """
    lost = any(
        part.outcome is not Outcome.PASSED and part.outcome is not Outcome.NEEDS_TEACHER
        for part in graded.parts
    )
    if lost or (graded.earned < graded.possible and not graded.needs_teacher):
        return False
    return None if graded.needs_teacher else True


def _write_one(graded: Graded, directory: Path) -> list[Path]:
    told = disclosed(graded)
    texts = {
        "summary.md": summary(told).encode("utf-8", "backslashreplace"),
        "annotations.txt": "".join(f"{line}\n" for line in annotated(told)).encode(),
        "classroom.txt": _output(graded),
    }
    return [write_whole(directory / file, text) for file, text in texts.items()]


def summary(told: Disclosed) -> str:
    """One submission in Markdown: a table of its parts, and what is said of them beyond right."""
    lines = [f"**{points(told.earned)} of {points(told.possible)} points**", ""]
    if told.needs_teacher:
        lines += ["Parts of it need the teacher, who will add their points.", ""]
    lines += [f"**{told.warning}**", ""] if told.warning else []
    lines += ["| part | outcome | points |", "| --- | --- | ---: |"]
    for part in told.parts:
        outcome = str(part.outcome) if part.status == "pass" else f"**{part.outcome}**"
        hidden = " (hidden cases)" if part.hidden else ""
        lines.append(
            f"| {cell(part.title)}{hidden} | {outcome} | {_of(part.earned, part.possible)} |"
        )
    lines += ["", *(f"- {inline(note)}" for note in told.notes)]
    folded = [(part.title, _report(part)) for part in told.parts if part.says_more]
    return markdown(told.assignment, lines, folded)


def class_summary(graded: Sequence[Graded]) -> str:
    """A class in Markdown: points of each submission, and who needs the teacher."""
    lines = [f"{len(graded)} submissions", ""]
    said = warning(graded)
    lines += [f"**{said}**", ""] if said else []
    lines += ["| submission | points | needs the teacher |", "| --- | ---: | --- |"]
    for told in map(disclosed, graded):
        waiting = [part.title for part in told.parts if part.outcome is Outcome.NEEDS_TEACHER]
        lines.append(
            f"| {cell(told.submission)} | {_of(told.earned, told.possible)} "
            f"| {', '.join(map(cell, waiting))} |"
        )
    titles = dict.fromkeys(name(one.assignment) for one in graded)
    return markdown(", ".join(titles) or "gradcheck", lines, [])


def annotated(told: Disclosed) -> Iterator[str]:
    """The workflow commands: one for each part that did not pass, at its line if that is known."""
    return commands(
        [
            Annotation(
                _KINDS[part.status],
                part.file,
                part.line,
                f"{part.title}: {part.outcome}, {_of(part.earned, part.possible)} points",
                part.said,
            )
            for part in told.parts
            if part.status in _KINDS
        ]
    )


def classroom(told: Disclosed) -> dict[str, Any]:
    """What Classroom's grading reporter reads of one submission."""
    statuses = [_STATUSES[part.status] for part in told.parts]
    worst = next((status for status in ("fail", "error") if status in statuses), "pass")
    return {
        "version": _VERSION,
        "status": worst,
        "max_score": rounded(told.possible),
        "tests": [
            {
                "name": part.title,
                "status": status,
                # A test without a number would make the sum of all none.
                "score": rounded(part.earned),
                "message": part.said if status != "pass" or part.remarks else None,
                "test_code": "",
                "filename": part.file,
                "line_no": part.line,
                "execution_time": 0,
            }
            for part, status in zip(told.parts, statuses, strict=True)
        ],
    }


def _output(graded: Graded) -> bytes:
    """The line that sets the output ``result`` of a step."""
    made = fitted(lambda most: as_json(classroom(disclosed(graded, most))), _MOST_BYTES, MOST_TEXT)
    return b"result=" + base64.b64encode(made) + b"\n"


def _report(part: Told) -> str:
    printed = f"\n\nWhat it printed:\n{part.output}" if part.output else ""
    return part.said + printed


def _of(earned: float, possible: float) -> str:
    return f"{points(earned)} of {points(possible)}"
