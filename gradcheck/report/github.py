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
from typing import NamedTuple

from gradcheck.records import Problem, Record, summary
from gradcheck.report.figures import printable, relative

#: A longer message is cut by GitHub itself, in the middle of an escape.
_LONGEST = 3000
#: Of each kind GitHub shows the first ten of a step, and passes over the others in silence.
_MOST_SHOWN = 10
#: The summary of a step that comes near to 1 MiB is dropped as a whole.
_MOST_BYTES = 1_000_000
_WORST_FIRST = ("fail", "undecided", "pass")


class Annotation(NamedTuple):
    """What stands at a line of a file: an ``error``, a ``warning`` or a ``notice``.

    Without a file it stands at the run, and without a line (0) at the file.
    """

    kind: str
    file: str
    line: int
    title: str
    message: str


def is_active() -> bool:
    """Whether this process runs inside GitHub Actions."""
    return bool(os.environ.get("GITHUB_ACTIONS"))


def workflow_commands(records: Sequence[Record], problems: Sequence[Problem]) -> Iterator[str]:
    """A workflow command for each claim that failed, is undecided or could not be checked."""
    found = [Annotation("error", p.file, p.line, f"gradcheck: {p.claim}", p.message)
             for p in problems]  # fmt: skip
    for record in records:
        if record.status != "pass":
            kind = "error" if record.status == "fail" else "warning"
            title = f"gradcheck: {record.claim}"
            found.append(Annotation(kind, record.file, record.line, title, record.message))
    return commands(found)


def commands(annotations: Sequence[Annotation]) -> Iterator[str]:
    """The workflow commands that make annotations; those too many are named in the last of each."""
    for kind in dict.fromkeys(one.kind for one in annotations):
        found = [one for one in annotations if one.kind == kind]
        if len(found) > _MOST_SHOWN:
            shown, others = found[: _MOST_SHOWN - 1], found[_MOST_SHOWN - 1 :]
            named = "\n".join(one.title for one in others)
            found = [*shown, Annotation(kind, "", 0, f"{len(others)} more", named)]
        yield from map(_command, found)


def add_summary(records: Sequence[Record], problems: Sequence[Problem]) -> None:
    """Append to the summary of the job, where there is one."""
    add_to_summary(job_summary(records, problems))


def add_to_summary(markdown: str) -> None:
    """Append Markdown to the summary of the job, where there is one."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        added = markdown.encode("utf-8", "backslashreplace")  # a name may hold half a character
        with contextlib.suppress(OSError), Path(path).open("ab") as file:
            file.write(added)


def job_summary(records: Sequence[Record], problems: Sequence[Problem]) -> str:
    """The run in Markdown: a table of the claims, and the reports of those that are not right."""
    lines = [f"{summary(list(records))}.", ""]
    lines += ["| status | claim | inputs | resolution | on kinks | undecided |"]
    lines += ["| --- | --- | ---: | ---: | ---: | ---: |"]
    for problem in problems:
        lines.append(f"| **error** | {cell(problem.claim)} | | | | |")
    for record in sorted(records, key=lambda record: _WORST_FIRST.index(record.status)):
        status = record.status if record.status == "pass" else f"**{record.status}**"
        resolution = "" if record.resolution is None else f"{record.resolution:.0e}"
        lines.append(
            f"| {status} | {cell(record.claim)} | {record.inputs} | {resolution} | "
            f"{record.kinks} | {record.undecided} |"
        )
    told = [(problem.claim, problem.message) for problem in problems]
    told += [(r.claim, r.message) for r in records if r.status != "pass"]
    return markdown("gradcheck", lines, told)


def markdown(title: str, lines: Sequence[str], folded: Sequence[tuple[str, str]]) -> str:
    """A summary: lines of Markdown, and below them texts that are folded up, each with a name.

    What would be more than GitHub takes is left out, from the end, and said to be.
    """
    pieces = [f"## {inline(title)}\n\n" + "\n".join(lines) + "\n"]
    pieces += [
        f"\n<details><summary>{inline(name)}</summary>\n\n{_block(text)}\n\n</details>\n"
        for name, text in folded
    ]
    made, left = "", _MOST_BYTES
    for position, piece in enumerate(map(printable, pieces)):
        left -= len(piece.encode(errors="backslashreplace"))
        if left < 0:
            return made + f"\n{len(pieces) - position} more parts do not fit here; see the log.\n"
        made += piece
    return made


def guarded(text: str) -> str:
    """Text to be printed, in which the runner finds no command.

    It reads ``::name::`` at the beginning of a line, and the older ``##[name]`` anywhere.
    """
    if not is_active():
        return text
    return "\n".join(
        f"| {line}" if line.lstrip().startswith("::") else line
        for line in text.replace("##[", "## [").split("\n")
    )


def inline(text: str) -> str:
    """Text of users as HTML inside Markdown: one line, in which nothing is markup."""
    escaped = html.escape(" ".join(text.split()), quote=False)
    return "".join(f"&#{ord(c)};" if c in "\\`*_[]|~:@#!$" else c for c in escaped)


def cell(text: str) -> str:
    """Text of users in a cell of a table."""
    return f"<code>{inline(text)}</code>"


def _command(annotation: Annotation) -> str:
    kind, file, line, title, message = annotation
    properties = {
        "file": _inside(file) if file else "",
        "line": str(line) if file and line else "",
        "title": title,
    }
    written = ",".join(f"{name}={_property(v)}" for name, v in properties.items() if v)
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


def _block(text: str) -> str:
    # An empty line would end the block of HTML, and begin Markdown.
    lines = html.escape(text).split("\n")
    return "<pre>" + "\n".join(line or "&#8203;" for line in lines) + "</pre>"
