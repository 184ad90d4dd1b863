"""A run inside GitHub Actions: annotations at the lines of the rules, and the job's summary.

What users wrote is escaped as the runner reads it: a name cannot become a command, nor a message a
second one.
"""

from __future__ import annotations

import contextlib
import html
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from gradcheck.records import Problem, Record, summary
from gradcheck.report.figures import printable, relative

#: A longer message is cut by GitHub itself, in the middle of an escape.
_LONGEST = 3000
_WORST_FIRST = ("fail", "undecided", "pass")


def is_active() -> bool:
    """Whether this process runs inside GitHub Actions."""
    return bool(os.environ.get("GITHUB_ACTIONS"))


def workflow_commands(records: Sequence[Record], problems: Sequence[Problem]) -> Iterator[str]:
    """A workflow command for each claim that failed, is undecided or could not be checked."""
    for problem in problems:
        yield _command("error", problem.file, problem.line, problem.claim, problem.message)
    for record in records:
        if record.status != "pass":
            kind = "error" if record.status == "fail" else "warning"
            yield _command(kind, record.file, record.line, record.claim, record.message)


def add_summary(records: Sequence[Record], problems: Sequence[Problem]) -> None:
    """Append to the summary of the job, where there is one."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with contextlib.suppress(OSError), Path(path).open("a", encoding="utf-8") as file:
            file.write(job_summary(records, problems))


def job_summary(records: Sequence[Record], problems: Sequence[Problem]) -> str:
    """The run in Markdown: a table of the claims, and the reports of those that are not right."""
    lines = ["## gradcheck", "", f"{summary(list(records))}.", ""]
    lines += ["| status | claim | inputs | resolution | on kinks | undecided |"]
    lines += ["| --- | --- | ---: | ---: | ---: | ---: |"]
    for problem in problems:
        lines.append(f"| **error** | {_cell(problem.claim)} | | | | |")
    for record in sorted(records, key=lambda record: _WORST_FIRST.index(record.status)):
        status = record.status if record.status == "pass" else f"**{record.status}**"
        resolution = "" if record.resolution is None else f"{record.resolution:.0e}"
        lines.append(
            f"| {status} | {_cell(record.claim)} | {record.inputs} | {resolution} | "
            f"{record.kinks} | {record.undecided} |"
        )
    told = [(problem.claim, problem.message) for problem in problems]
    told += [(r.claim, r.message) for r in records if r.status != "pass"]
    for claim, message in told:
        lines += ["", f"<details><summary>{_text(claim)}</summary>", "", _block(message)]
        lines += ["", "</details>"]
    return printable("\n".join(lines) + "\n")


def guarded(text: str) -> str:
    """Text to be printed, in which no line is a command to the runner."""
    if not is_active():
        return text
    return "\n".join(
        f"| {line}" if line.lstrip().startswith(("::", "##[")) else line
        for line in text.split("\n")
    )


def _command(kind: str, file: str, line: int, claim: str, message: str) -> str:
    properties = {"file": _inside(file), "line": str(line), "title": f"gradcheck: {claim}"}
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {written}::{_data(message[:_LONGEST])}"


def _inside(file: str) -> str:
    """A file as the repository names it."""
    with contextlib.suppress(ValueError, KeyError):
        return Path(file).relative_to(os.environ["GITHUB_WORKSPACE"]).as_posix()
    return relative(file)


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _text(text: str) -> str:
    """Text of users as HTML inside Markdown: one line, in which nothing is markup."""
    escaped = html.escape(" ".join(text.split()))
    return "".join(f"&#{ord(c)};" if c in "\\`*_[]|~:@#!$" else c for c in escaped)


def _cell(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _block(text: str) -> str:
    # An empty line would end the block of HTML, and begin Markdown.
    lines = html.escape(text).split("\n")
    return "<pre>" + "\n".join(line or "&#8203;" for line in lines) + "</pre>"
