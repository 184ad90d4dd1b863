"""``gradcheck replay``: one printed case again."""

from __future__ import annotations

import argparse
import sys

from gradcheck.case import Case
from gradcheck.commands import FAILED, PASSED, UNDECIDED, Subparsers
from gradcheck.commands.selection import claim_of, found_in, guarded
from gradcheck.errors import GradientUndecided, InputError, Judged
from gradcheck.report.terminal import Screen
from gradcheck.verification import replay


def add(commands: Subparsers) -> None:
    """Declare the command and its options."""
    again = commands.add_parser("replay", help="run one printed case again")
    again.add_argument("claim", help="as printed: derivations/softmax.py::softmax[vjp-backward]")
    again.add_argument("case", help="as printed: Case({…}, …)")
    again.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    if "::" not in options.claim:
        raise InputError(f"{options.claim!r} names no claim; write FILE::CLAIM as printed")
    case = Case.parse(options.case)
    _, found = next(found_in([options.claim]))
    claim = claim_of(found)
    try:
        verdicts = guarded(claim, lambda: replay(claim, case))
    except Judged as error:
        print(Screen.of(sys.stdout).show(str(error)))
        return UNDECIDED if isinstance(error, GradientUndecided) else FAILED
    print(verdicts)
    return PASSED
