"""The ``gradcheck`` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from gradcheck.case import Case
from gradcheck.claims import Identity, Rule
from gradcheck.errors import (
    DeclarationError,
    GradcheckError,
    GradientUndecided,
    InputError,
    Judged,
)
from gradcheck.loading import FOLDER, LoadError, claims_in, load, source_files
from gradcheck.records import Record, count, summary
from gradcheck.verification import replay

#: Exit codes.
PASSED, FAILED, USAGE, UNDECIDED = 0, 1, 2, 3

_TEMPLATE = '''r"""{title}.

.. math:: y_i = x_i^2, \\qquad \\frac{{\\partial y_j}}{{\\partial x_i}} = 2 x_i \\, [i = j]

``x`` and ``y`` have shape ``(k,)``.
"""

from gradcheck import derivation


@derivation(x="k")  # the dims of each input; try "n d", or real("k", low=0)
def {name}(x):
    return x * x  # your function


@{name}.vjp
def backward(dy, x):
    return dy * 2 * x  # your rule: the gradient for x, given the cotangent dy
'''


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    # As with pytest, the files may import what lies beside the folder; last, to shadow nothing.
    sys.path.append(str(Path.cwd()))
    try:
        code: int = options.run(options)
    except GradcheckError as error:
        print(f"gradcheck: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gradcheck",
        description="Verify derivations: what is claimed against what is measured.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    check = commands.add_parser(
        "check", help="check every claim of some files or folders",
        description="Check every claim. Exit code: 0 all pass, 1 a claim failed, 2 wrong use or "
        "nothing found, 3 undecided.",
    )  # fmt: skip
    _paths(check)
    check.add_argument("--inputs", type=int, help="the number of inputs for a claim")
    check.add_argument("--seed", type=int, help="the seed of the drawn cases")
    check.add_argument("--profile", choices=("dev", "ci", "nightly"), help="how cases are drawn")
    check.set_defaults(run=_check)

    listing = commands.add_parser("list", help="list the claims of some files or folders")
    _paths(listing)
    listing.set_defaults(run=_list)

    again = commands.add_parser("replay", help="run one printed case again")
    again.add_argument("claim", help="as printed: derivations/softmax.py::softmax[vjp-backward]")
    again.add_argument("case", help="as printed: Case({…}, …)")
    again.set_defaults(run=_replay)

    new = commands.add_parser("new", help="write a derivation file that passes")
    new.add_argument("name", help="the name of the function, such as my_layer")
    new.add_argument("--folder", default=FOLDER, help="where to put it (derivations)")
    new.set_defaults(run=_new)
    return parser


def _paths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", default=[FOLDER], metavar="PATH",
        help="files, folders, or file.py::claim (derivations)",
    )  # fmt: skip


def _check(options: argparse.Namespace) -> int:
    from gradcheck.checking import PROFILES, check_claim, default_profile

    profile = PROFILES[options.profile] if options.profile else default_profile()
    if options.inputs is not None:
        if options.inputs < 1:
            raise InputError("--inputs: at least 1")
        profile = replace(profile, inputs=options.inputs)
    records: list[Record] = []
    problems: list[str] = []
    try:
        for found in _claims(options.paths):
            if isinstance(found, _Problem):
                problems.append(f"{found.name}\n{found.text}")
                print(f"ERROR      {found.name}", flush=True)
                continue
            name, claim = found
            record = check_claim(claim, profile, options.seed, replay_id=name).record
            records.append(record)
            resolution = (
                f"  {record.inputs} inputs, resolution {record.resolution:.0e}"
                if record.status == "pass" and record.resolution is not None
                else ""
            )
            print(f"{record.status.upper():<10} {name}{resolution}", flush=True)
    except KeyboardInterrupt:
        print("interrupted; what was found:")
    return _close(records, problems)


def _close(records: list[Record], problems: list[str]) -> int:
    for message in [*problems, *(r.message for r in records if r.message)]:
        print(f"\n{message}")
    print()
    for record in records:
        for name in record.unclaimed:
            print(f"no claim says anything about {name}")
        for note in record.notes:
            print(f"note: {record.claim}: {note}")
    statuses = [record.status for record in records]
    if records:
        failed = statuses.count("fail") + len(problems)
        print(f"{summary(records)}: {count(failed, 'failure')}")
    if problems or "fail" in statuses:
        return FAILED
    return UNDECIDED if "undecided" in statuses else PASSED


def _list(options: argparse.Namespace) -> int:
    for found in _claims(options.paths):
        if isinstance(found, _Problem):
            print(f"{found.name}: {found.text.splitlines()[0]}")
        else:
            print(found[0])
    return PASSED


def _replay(options: argparse.Namespace) -> int:
    if "::" not in options.claim:
        raise InputError(f"{options.claim!r} names no claim; write FILE::CLAIM as printed")
    found = next(iter(_claims([options.claim])))
    if isinstance(found, _Problem):
        raise InputError(f"{found.name}: {found.text}")
    claim = found[1]
    try:
        verdicts = replay(claim, Case.parse(options.case))
    except Judged as error:
        print(error)
        return UNDECIDED if isinstance(error, GradientUndecided) else FAILED
    print(verdicts)
    return PASSED


def _new(options: argparse.Namespace) -> int:
    name = options.name
    if not name.isidentifier():
        raise InputError(f"{name!r} is not a name that a Python function can have")
    path = Path(options.folder) / f"{name}.py"
    if path.exists():
        raise InputError(f"{path} is there already")
    path.parent.mkdir(parents=True, exist_ok=True)
    title = name.replace("_", " ").capitalize()
    path.write_text(_TEMPLATE.format(name=name, title=title), encoding="utf-8")
    print(
        f"wrote {path}: put your function and your rule into it, then run: gradcheck check {path}"
    )
    return PASSED


class _Problem:
    """A file or a declaration that cannot be checked."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text


def _claims(paths: Sequence[str]) -> Iterator[tuple[str, Rule | Identity] | _Problem]:
    """Every claim under the paths, with the name that replays it.

    Raises ``InputError`` for a path that is not there, or under which nothing is declared.
    """
    for text in paths:
        base, _, wanted = text.partition("::")
        path = Path(base)
        if not path.exists():
            raise InputError(f"{base}: there is no such file or folder")
        found = False
        for file in source_files(path):
            for name, item in _claims_of(file):
                if wanted and name != wanted:
                    continue
                found = True
                full = f"{file.as_posix()}::{name}" if name else file.as_posix()
                yield _Problem(full, item) if isinstance(item, str) else (full, item)
        if not found:
            raise InputError(
                f"{text}: no claim of that name is there" if wanted else
                f"{text}: nothing is declared there; `gradcheck new NAME` writes a first file"
            )  # fmt: skip


def _claims_of(file: Path) -> Iterator[tuple[str, Rule | Identity | str]]:
    try:
        found = list(claims_in(load(file)))
    except LoadError as error:
        yield "", str(error)
        return
    for name, claim in found:
        if isinstance(claim, DeclarationError):
            yield name, str(claim)
        else:
            yield name, claim
