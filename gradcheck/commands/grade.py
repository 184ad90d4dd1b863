"""``gradcheck grade``: the marks of submissions to an assignment."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gradcheck.commands import FAILED, PASSED, UNDECIDED, Subparsers
from gradcheck.errors import InputError
from gradcheck.report import github
from gradcheck.report.figures import printable

if TYPE_CHECKING:
    from gradcheck.coursework.results import Graded

#: So many files that were written are named one by one.
_MOST_NAMED = 4


def add(commands: Subparsers) -> None:
    """Declare the command and its options."""
    grade = commands.add_parser(
        "grade", help="grade submissions to an assignment, each in a sandbox",
        description="Grade submissions, files or folders, each in a sandbox. Exit code: 0 all full "
        "marks, 1 something was lost, 2 wrong use or no sandbox, 3 the teacher is needed.",
    )  # fmt: skip
    grade.add_argument("assignment", type=Path, metavar="ASSIGNMENT")
    grade.add_argument("submissions", type=Path, nargs="+", metavar="SUBMISSION")
    grade.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the results")
    grade.add_argument(
        "--format", action="append", default=[], metavar="NAME",
        help="write them as csv, github, gradescope, html, junit or prairielearn too: into DIR, "
        "or, of several, into a folder of DIR each",
    )  # fmt: skip
    grade.add_argument("--jobs", type=int, help="the number of processes (one a core)")
    grade.add_argument(
        "--resume", action="store_true", help="keep the results that are there and still hold"
    )
    grade.add_argument("--seed", type=int, help="the hidden seed (that of the assignment)")
    grade.add_argument("--scheduler", default="", metavar="ADDRESS", help="of a Dask cluster")
    grade.add_argument(
        "--unsafe-no-sandbox", action="store_true",
        help="grade even where nothing keeps a submission apart, and mark every result",
    )  # fmt: skip
    grade.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    from gradcheck.coursework.assignment import Assignment
    from gradcheck.coursework.classroom import Run, cores
    from gradcheck.coursework.formats import FORMATS, require_formats
    from gradcheck.coursework.formats.github import announce
    from gradcheck.coursework.roster import entries

    for name, least in ("jobs", 1), ("seed", 0):
        value = getattr(options, name)
        if value is not None and value < least:
            raise InputError(f"--{name}: {least} or more")
    for name in options.format:
        if name not in FORMATS:
            raise InputError(f"--format {name}: there are {', '.join(FORMATS)}")
    require_formats(options.format)
    assignment = Assignment.load(options.assignment)
    made = Run(
        assignment,
        options.out,
        jobs=options.jobs or cores(),
        resume=options.resume,
        seed=options.seed,
        unsafe=options.unsafe_no_sandbox,
        scheduler=options.scheduler,
        heard=lambda graded: print(github.guarded(_line(graded)), flush=True),
    )
    results = made.grade(entries(options.submissions), sys.stderr)
    for name in options.format:
        folder = options.out if len(options.format) == 1 else options.out / name
        written = FORMATS[name](results, folder)
        if len(written) > _MOST_NAMED:  # of a class there is one a submission
            print(f"wrote {folder}: {len(written)} files of format {name}")
            continue
        for path in written:
            print(f"wrote {path}")
    if "github" in options.format and github.is_active():
        for line in announce(results):
            print(line)
    teacher = sum(graded.needs_teacher for graded in results)
    lost = sum(graded.earned < graded.possible for graded in results)
    print(f"{len(results)} graded, {lost} of them without full marks", end="")
    print(f", {teacher} for the teacher" if teacher else "")
    if any(graded.isolation not in ("bubblewrap", "separate user") for graded in results):
        print("some were not kept apart: look at their results before they count")
    return UNDECIDED if teacher else FAILED if lost else PASSED


def _line(graded: Graded) -> str:
    """One submission in a line, and why parts were lost."""
    head = f"{graded.earned:g}/{graded.possible:g}  {printable(graded.submission)}"
    unsafe = "" if graded.isolation != "none (unsafe)" else "  (not kept apart)"
    lost = [part for part in graded.parts if part.earned < part.possible]
    why = [f"{part.outcome}: {printable(part.reason)}" for part in lost]
    if len(lost) == len(graded.parts) > 1 and len(set(why)) == 1:
        return f"{head}{unsafe}\n    all parts: {why[0]}"
    told = [f"    {part.name}: {text}" for part, text in zip(lost, why, strict=True)]
    return "\n".join([f"{head}{unsafe}", *told])
