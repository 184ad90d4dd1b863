"""``gradcheck list``: what is declared."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gradcheck.commands import FAILED, PASSED, Subparsers
from gradcheck.commands.selection import add_paths, found_in
from gradcheck.loading import Found


def add(commands: Subparsers) -> None:
    """Declare the command and its options."""
    listing = commands.add_parser("list", help="list the claims of some files or folders")
    add_paths(listing)
    shown = listing.add_mutually_exclusive_group()
    shown.add_argument("--ids", action="store_true", help="one id a line, as `check` takes it")
    shown.add_argument("--status", action="store_true", help="check each claim on a few inputs")
    listing.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    from gradcheck.listing import contents

    listed: list[tuple[Path, Found]] = []
    code = PASSED
    for name, found in found_in(options.paths):
        if found.claim is None:
            print(f"gradcheck: {name}: {found.problem}", file=sys.stderr)
            code = FAILED
        elif options.ids:
            print(name)
        else:
            listed.append((Path(name.partition("::")[0]), found))
    if listed:
        for line in contents(listed, check=options.status):
            print(line, flush=True)
    return code
