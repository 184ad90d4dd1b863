"""``gradcheck assignment``: write one, prove it sound, write what students get."""

from __future__ import annotations

import argparse
from pathlib import Path

from gradcheck.commands import FAILED, PASSED, Subparsers
from gradcheck.errors import InputError


def add(commands: Subparsers) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "assignment", help="write an assignment, prove it sound, write what students get"
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    new = actions.add_parser("new", help="write an assignment that works, to be changed")
    new.add_argument("folder", type=Path, metavar="DIR")
    new.set_defaults(run=_new)
    verify = actions.add_parser(
        "verify", help="prove it sound: the solution, the starter, and bugs in the solution",
        description="The solution has to get full marks, the starter none, and bugs planted in the "
        "solution have to lose the marks of exactly the parts they touch. Exit code: 0 sound, 1 "
        "not, 2 wrong use or no sandbox.",
    )  # fmt: skip
    verify.add_argument("folder", type=Path, metavar="DIR")
    verify.add_argument("--bugs", type=int, help="how many bugs are planted")
    verify.add_argument("--jobs", type=int, help="the number of processes (one a core)")
    verify.add_argument("--unsafe-no-sandbox", action="store_true", help="as for grade")
    verify.set_defaults(run=_verify)
    handout = actions.add_parser("handout", help="write the folder that students get")
    handout.add_argument("folder", type=Path, metavar="DIR")
    handout.add_argument("target", type=Path, metavar="TARGET")
    handout.set_defaults(run=_handout)


def _new(options: argparse.Namespace) -> int:
    from gradcheck.coursework.writing import write_new

    for path in write_new(options.folder):
        print(f"wrote {path}")
    print(f"prove it sound: gradcheck assignment verify {options.folder}")
    return PASSED


def _verify(options: argparse.Namespace) -> int:
    from gradcheck.coursework.classroom import cores
    from gradcheck.coursework.verifying import BUGS, verify

    for name, least in ("bugs", 0), ("jobs", 1):
        value = getattr(options, name)
        if value is not None and value < least:
            raise InputError(f"--{name}: {least} or more")
    found = verify(
        options.folder,
        bugs=BUGS if options.bugs is None else options.bugs,
        jobs=options.jobs or cores(),
        unsafe=options.unsafe_no_sandbox,
        told=lambda text: print(text, flush=True),
    )
    for problem in found.problems:
        print(f"\nNOT SOUND  {problem}")
    if found.problems:
        return FAILED
    print(
        f"sound: full marks for the solution, none for the starter, and {found.bugs} bugs cost "
        "exactly what they touch"
    )
    return PASSED


def _handout(options: argparse.Namespace) -> int:
    from gradcheck.coursework.writing import write_handout

    for path in write_handout(options.folder, options.target):
        print(f"wrote {path}")
    return PASSED
