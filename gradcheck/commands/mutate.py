"""``gradcheck mutate``: how many planted bugs the check finds."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gradcheck.commands import FAILED, PASSED, Subparsers
from gradcheck.commands.selection import add_paths, found_in
from gradcheck.errors import InputError

if TYPE_CHECKING:
    from gradcheck.mutation import Report


def add(commands: Subparsers) -> None:
    """Declare the command and its options."""
    mutate = commands.add_parser(
        "mutate", help="plant bugs in the claims, and count how many the check finds",
        description="Plant bugs in the claims, in memory, and run the same check on each. Exit "
        "code: 0 done, 1 a claim fails by itself or the score is below --fail-under, 2 wrong use "
        "or nothing found.",
    )  # fmt: skip
    add_paths(mutate)
    mutate.add_argument("--jobs", type=int, help="the number of processes (one a core)")
    mutate.add_argument("--sample", type=int, metavar="N", help="try so many, drawn from all")
    mutate.add_argument("--seed", type=int, default=0, help="the seed of the sample (0)")
    mutate.add_argument("--inputs", type=int, help="the number of inputs for a mutant")
    mutate.add_argument("--time-limit", type=float, help="seconds for a mutant")
    mutate.add_argument("--fail-under", type=float, metavar="SCORE", help="such as 0.99")
    mutate.add_argument("--json", type=Path, metavar="PATH", help="write all of it to a file")
    mutate.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    from gradcheck import mutation

    for name in ("jobs", "sample", "inputs"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            raise InputError(f"--{name}: at least 1")
    if options.seed < 0:
        raise InputError("--seed: 0 or more")
    if options.fail_under is not None and not 0 <= options.fail_under <= 1:
        raise InputError("--fail-under: a share between 0 and 1, such as 0.99")
    if options.time_limit is not None and not options.time_limit > 0:
        raise InputError("--time-limit: a number of seconds above 0")
    if options.json is not None and not options.json.absolute().parent.is_dir():
        raise InputError(f"--json: there is no folder {options.json.parent}")
    settings = mutation.Settings(
        jobs=options.jobs or os.cpu_count() or 1, sample=options.sample, seed=options.seed
    )
    settings = replace(
        settings,
        inputs=options.inputs or settings.inputs,
        time_limit=options.time_limit or settings.time_limit,
    )
    claims, problems = [], []
    for name, found in found_in(options.paths):
        if found.claim is None:
            problems.append(f"{name}: {found.problem}")
        else:
            claims.append((name, found.claim))
    report = mutation.measure(claims, settings, _progress)
    for line in report.lines():
        print(line)
    if options.json is not None:
        try:
            options.json.write_text(json.dumps(report.as_dict(), indent=1), encoding="utf-8")
        except OSError as error:
            raise InputError(f"{options.json} cannot be written: {error.strerror}") from None
    for problem in (problems := [*problems, *report.problems]):
        print(f"\nERROR      {problem}")
    score = report.score
    if options.fail_under is not None and (score is None or score < options.fail_under):
        said = "no mutant could be scored" if score is None else f"the score is {score:.4f}"
        print(f"\n{said}; --fail-under asks for {options.fail_under:g}")
        return FAILED
    return FAILED if problems else PASSED


def _progress(report: Report, total: int) -> None:
    """One line that is written over again and again, on a terminal alone."""
    if not sys.stderr.isatty():
        return
    counts, done = report.counts(), len(report.tried)
    text = f"{done} of {total} mutants, {counts['survived']} survived"
    end = "\n" if done == total else ""
    print(f"\r{text}\x1b[K", end=end, file=sys.stderr, flush=True)
