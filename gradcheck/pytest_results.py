"""What a pytest run came to: its records, wherever they were made, and what is written of them."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gradcheck.errors import GradcheckError
from gradcheck.hints import Hints
from gradcheck.records import Problem, Record, remarks, summary
from gradcheck.report import github
from gradcheck.report.document import require_writable, write_document
from gradcheck.report.figures import printable
from gradcheck.report.terminal import Screen
from gradcheck.verdict import Status

if TYPE_CHECKING:
    from _pytest._io import TerminalWriter

#: How much is told of a mistake, and in which language.
HINTS = pytest.StashKey[Hints]()
Write = Callable[[Path, Sequence[Record], Sequence[Problem]], None]
#: Where a test report keeps what its claim came to, as plain data: workers send it home.
_RECORD, _PROBLEM = "gradcheck_record", "gradcheck_problem"


def add_options(group: pytest.OptionGroup) -> None:
    """The options for what is written when the run is over."""
    group.addoption("--gradcheck-html", metavar="PATH", help="write a page with all that was found")
    group.addoption("--gradcheck-json", metavar="PATH", help="write the records for other programs")


def attach(report: pytest.TestReport, record: Record | None, problem: Problem | None) -> None:
    """Let what a claim came to travel with its test report."""
    for name, made in ((_RECORD, record), (_PROBLEM, problem)):
        if made is not None:
            data = json.dumps(made.as_dict(), default=_plain)
            vars(report)[name] = json.loads(data)


def _plain(value: Any) -> Any:
    try:
        return float(value)  # a number of numpy's is one too
    except (TypeError, ValueError):
        return repr(value)


class Results:
    """The records of a run, in the process that reports on it."""

    def __init__(self, config: pytest.Config, nothing_found: Callable[[], list[str]]) -> None:
        self.config, self.nothing_found = config, nothing_found
        self.records: dict[str, Record] = {}
        self.problems: dict[str, Problem] = {}
        try:
            self.files = list(_files(config))
        except GradcheckError as error:
            raise pytest.UsageError(str(error)) from None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what came with a report; a test that runs again counts once."""
        if hasattr(report, _RECORD):
            self.records[report.nodeid] = Record.from_dict(getattr(report, _RECORD))
        if hasattr(report, _PROBLEM):
            self.problems[report.nodeid] = Problem(**getattr(report, _PROBLEM))
        if report.failed and (hasattr(report, _RECORD) or hasattr(report, _PROBLEM)):
            report.longrepr = _Shown.of(report.longrepr)  # type: ignore[assignment]

    def pytest_sessionfinish(self) -> None:
        """Write the files that were asked for."""
        for path, write in self.files:
            write(path, self._sorted(), list(self.problems.values()))
        if github.is_active():
            github.add_summary(self._sorted(), list(self.problems.values()))

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: int
    ) -> None:
        """Close with how many claims were checked on how many inputs, and what was not judged."""
        records = self._sorted()
        if records or self.files:
            terminalreporter.section("gradcheck")
        elif (
            exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED
            and "deselected" not in terminalreporter.stats
        ):
            for line in self.nothing_found():
                terminalreporter.line(line)
        screen = _screen(self.config.get_terminal_writer())
        language = self.config.stash[HINTS].language
        for record in records:
            if record.status == str(Status.UNDECIDED):
                if self.config.getoption("--undecided") == "report":
                    terminalreporter.line(screen.show(github.guarded(record.message)))
                else:
                    terminalreporter.line(printable(f"undecided, not accused: {record.claim}"))
            for line in remarks(record, language):
                terminalreporter.line(screen.written(github.guarded(printable(line))))
        if records:
            terminalreporter.line(screen.written(summary(records, language)))
        for path, _ in self.files:
            told = f"wrote {path}" if language == "en" else f"已写入 {path}"
            terminalreporter.line(screen.written(told))
        if github.is_active():
            for line in github.workflow_commands(records, list(self.problems.values())):
                terminalreporter.line(line)

    def _sorted(self) -> list[Record]:
        return sorted(
            self.records.values(), key=lambda record: (record.file, record.line, record.claim)
        )


def _files(config: pytest.Config) -> list[tuple[Path, Write]]:
    """What is to be written, and by what; a run is not to be lost to what is not installed."""
    found: list[tuple[Path, Write]] = []
    page, document = config.getoption("--gradcheck-html"), config.getoption("--gradcheck-json")
    if page is not None:
        from gradcheck.report.page import write_page
        from gradcheck.report.template import require_installed

        require_installed("--gradcheck-html")
        write = functools.partial(write_page, language=config.stash[HINTS].language)
        found.append((require_writable("--gradcheck-html", page), write))
    if document is not None:
        found.append((require_writable("--gradcheck-json", document), write_document))
    return found


def _screen(writer: TerminalWriter) -> Screen:
    encoding = getattr(getattr(writer, "_file", sys.stdout), "encoding", None)
    return Screen(writer.hasmarkup, encoding)


@dataclass
class _Shown:
    """A failure as pytest writes it: plain, and in colour on a terminal."""

    text: str
    reprcrash: Any = None
    reprtraceback: Any = None

    @classmethod
    def of(cls, plain: Any) -> _Shown:
        parts = (getattr(plain, name, None) for name in ("reprcrash", "reprtraceback"))
        return cls(printable(str(plain)), *parts)

    def __str__(self) -> str:
        return self.text

    def toterminal(self, writer: TerminalWriter) -> None:
        """Write it in what the terminal has."""
        writer.line(_screen(writer).show(github.guarded(self.text)))
