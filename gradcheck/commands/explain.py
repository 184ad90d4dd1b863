"""``gradcheck explain``: a derivation as a page of text."""

from __future__ import annotations

import argparse
from pathlib import Path

from gradcheck.commands import PASSED, Subparsers
from gradcheck.commands.selection import files_under
from gradcheck.loading import FOLDER


def add(commands: Subparsers) -> None:
    """Declare the command and its options."""
    about = commands.add_parser(
        "explain", help="show the formula of a derivation, its rules, and worked numbers"
    )
    about.add_argument("name", help="of a file, a derivation or an identity, such as sigmoid")
    about.add_argument(
        "paths", nargs="*", default=[FOLDER], metavar="PATH", help="where to look (derivations)"
    )
    about.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    from gradcheck.explanation import find, page

    base, _, _ = options.name.partition("::")
    paths = [base] if Path(base).is_file() else options.paths
    for piece in page(find(options.name, [file for p in paths for file in files_under(Path(p))])):
        print(piece)
    return PASSED
