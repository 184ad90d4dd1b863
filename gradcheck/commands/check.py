"""``gradcheck check``: every claim of some files or folders."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gradcheck.commands import FAILED, INTERRUPTED, PASSED, UNDECIDED, Subparsers
from gradcheck.commands.selection import (
    Unusable,
    add_paths,
    claim_of,
    files_under,
    found_in,
    guarded,
)
from gradcheck.errors import InputError
from gradcheck.hints import LANGUAGES, LEVELS, Hints
from gradcheck.loading import Found
from gradcheck.profiles import HOW_DRAWN, HOW_LONG, HOW_MANY, PROFILES, TIME_LIMIT, default_profile
from gradcheck.records import Problem, Record, closing, remarks
from gradcheck.report import github
from gradcheck.report.document import require_writable, write_document
from gradcheck.report.figures import printable, relative
from gradcheck.report.progress import Progress
from gradcheck.report.terminal import Screen


def add(commands: Subparsers) -> None:
    """Declare the command and its options."""
    check = commands.add_parser(
        "check", help="check every claim of some files or folders",
        description="Check every claim. Exit code: 0 all pass, 1 a claim failed, 2 wrong use or "
        "nothing found, 3 undecided.",
    )  # fmt: skip
    add_paths(check)
    check.add_argument(
        "--changed", metavar="BASE", help="only files that differ from this commit, branch or tag "
        "of git, committed or not, and files that import what does",
    )  # fmt: skip
    check.add_argument("--inputs", type=int, help=HOW_MANY)
    check.add_argument("--seed", type=int, help="the seed of the drawn cases")
    check.add_argument("--profile", choices=tuple(PROFILES), help=HOW_DRAWN)
    check.add_argument(
        "--hints", choices=LEVELS, help="how much of a mistake is told: nothing, which gradients "
        "are wrong, which mistake it is, or the remedy as well (the default)",
    )  # fmt: skip
    check.add_argument(
        "--lang", choices=LANGUAGES, help="the language of the hints (the environment's)"
    )
    check.add_argument("--time-limit", type=float, help=HOW_LONG)
    check.add_argument("--html", metavar="PATH", help="write a page with all that was found")
    check.add_argument("--json", metavar="PATH", help="write the records for other programs")
    check.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    from gradcheck.checking import check_claim

    profile = PROFILES[options.profile] if options.profile else default_profile()
    if options.inputs is not None:
        if options.inputs < 1:
            raise InputError("--inputs: at least 1")
        profile = replace(profile, inputs=options.inputs)
    if options.seed is not None and options.seed < 0:
        raise InputError("--seed: 0 or more")
    limit = TIME_LIMIT if options.time_limit is None else options.time_limit
    if not limit > 0:
        raise InputError("--time-limit: a number of seconds above 0")

    files = [path for path in (options.html, options.json) if path is not None]
    screen = Screen.of(sys.stdout)
    hints = Hints.of(options.hints, options.lang, screen.encoding)
    page = _page(options.html, hints.language)
    document = None if options.json is None else require_writable("--json", options.json)
    records: list[Record] = []
    problems: list[Problem] = []
    found: list[tuple[str, Found]] = []
    interrupted = False
    try:
        found = _found(options)
        progress = Progress(sys.stderr, len(found), profile.inputs)
        for name, one in found:
            progress.start(name)
            try:
                claim = claim_of(one)
                record = guarded(
                    claim,
                    lambda claim=claim, name=name: (
                        check_claim(  # type: ignore[misc]
                            claim,
                            profile,
                            options.seed,
                            time_limit=limit,
                            replay_id=name,
                            width=screen.width,
                            progress=progress.judged,
                            hints=hints,
                        ).record
                    ),
                )
            except Unusable as error:
                problems.append(Problem(one.id, *_origin(name, one), str(error)))
                progress.ended("error")
                print(github.guarded(screen.line("ERROR", name)), flush=True)
                continue
            except BaseException:
                progress.clear()
                raise
            records.append(record)
            progress.ended(record.status)
            resolution = (
                f"  {record.inputs} inputs, resolution {record.resolution:.0e}"
                if record.status == "pass" and record.resolution is not None
                else ""
            )
            line = screen.line(record.status.upper(), f"{name}{resolution}")
            print(github.guarded(line), flush=True)
    except KeyboardInterrupt:
        interrupted = True
        print("interrupted; what was found:")
    code = _close(screen, records, problems, hints.language) if found or interrupted else PASSED
    if page is not None:
        page(records, problems)
    if document is not None:
        write_document(document, records, problems)
    for path in files:
        print(f"wrote {path}" if hints.language == "en" else screen.written(f"已写入 {path}"))
    if found and github.is_active():
        for command in github.workflow_commands(records, problems):
            print(command)
        github.add_summary(records, problems)
    return INTERRUPTED if interrupted else code


def _found(options: argparse.Namespace) -> list[tuple[str, Found]]:
    """What is to be checked; with ``--changed``, says which files that leaves, and why."""
    if options.changed is None:
        return list(found_in(options.paths))
    from gradcheck.changes import touched

    files = [file for text in options.paths for file in files_under(Path(text.partition("::")[0]))]
    ways = touched(list(dict.fromkeys(files)), options.changed)
    for file, way in ways.items():
        by = "" if way is None else f", by way of {way.as_posix()}"
        said = printable(f"changed since {options.changed}: {file.as_posix()}{by}")
        print(github.guarded(said))
    found = list(found_in(options.paths, ways.__contains__))
    if not found:
        paths = " or ".join(options.paths)
        what = (
            f"no claim under {paths} is touched" if ways else
            f"under {paths} no file differs from {options.changed}, and none imports one that does"
        )  # fmt: skip
        print(printable(f"nothing to check: {what}"))
    return found


def _page(path: str | None, language: str) -> Callable[[list[Record], list[Problem]], None] | None:
    """What writes the page; asked for before the run, so that a run is not lost to what lacks."""
    if path is None:
        return None
    from gradcheck.report.page import write_page
    from gradcheck.report.template import require_installed

    require_installed("--html")
    target = require_writable("--html", path)
    return lambda records, problems: write_page(target, records, problems, language)


def _origin(name: str, found: Found) -> tuple[str, int]:
    file = Path(name.partition("::")[0]).absolute()
    return str(file), found.line


def _close(screen: Screen, records: list[Record], problems: list[Problem], language: str) -> int:
    reports = [printable(f"{relative(p.file)}::{p.claim}\n{p.message}") for p in problems]
    reports += [record.message for record in records if record.message]
    for message in reports:
        print(f"\n{screen.show(github.guarded(message))}")
    print()
    for record in records:
        for line in remarks(record, language):
            print(screen.written(github.guarded(printable(line))))
    statuses = [record.status for record in records]
    failed = statuses.count("fail") + len(problems)
    print(screen.written(closing(records, failed, language)))
    if failed:
        return FAILED
    return UNDECIDED if "undecided" in statuses else PASSED
