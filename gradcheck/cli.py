"""The ``gradcheck`` command."""

from __future__ import annotations

import argparse
import io
import json
import keyword
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from gradcheck.case import Case
from gradcheck.claims import Identity, Rule
from gradcheck.errors import GradcheckError, GradientUndecided, InputError, Judged
from gradcheck.loading import (
    FOLDER,
    IMPORT,
    Found,
    derivation_folder,
    explain,
    found_at,
    installed,
    is_source,
)
from gradcheck.records import Record, count, remarks, summary
from gradcheck.verification import replay

T = TypeVar("T")

#: Exit codes; the last is what shells say of a process that Ctrl-C ended.
PASSED, FAILED, USAGE, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130
#: The colours of the words that a line begins with, on a terminal.
_COLOURS = {"PASS": 32, "FAIL": 31, "ERROR": 31, "UNDECIDED": 33, "SCALED": 33, "UNREAD": 33}
#: What lies in a virtual environment, whose files are nobody's derivations.
_ENVIRONMENT = "pyvenv.cfg"

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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every console can write ∂
    options = _parser().parse_args(arguments)
    # As with pytest, the files may import what lies beside the folder; last, to shadow nothing.
    sys.path.append(str(Path.cwd()))
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except GradcheckError as error:
        print(f"gradcheck: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough; what is left must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gradcheck",
        description="Verify derivations: what is claimed against what is measured.",
    )
    parser.add_argument("--version", action="version", version=f"gradcheck {version('gradcheck')}")
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
    check.add_argument("--time-limit", type=float, help="seconds after which a claim is cut off")
    check.set_defaults(run=_check)

    listing = commands.add_parser("list", help="list the claims of some files or folders")
    _paths(listing)
    listing.set_defaults(run=_list)

    scanning = commands.add_parser(
        "scan", help="check the layers of any Python file or notebook, without running it",
        description="Take the definitions of files, recognise layers, and check their gradients. "
        "Exit code: 0 all are right, 1 one is wrong, 2 nothing was recognised, 3 undecided.",
    )  # fmt: skip
    scanning.add_argument("files", nargs="+", metavar="FILE", help="a .py file or a notebook")
    scanning.add_argument("--spec", type=Path, help="a .toml or .py file that declares layers")
    scanning.add_argument("--json", action="store_true", help="the result as JSON")
    scanning.set_defaults(run=_scan)

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
    from gradcheck.checking import PROFILES, TIME_LIMIT, check_claim, default_profile

    profile = PROFILES[options.profile] if options.profile else default_profile()
    if options.inputs is not None:
        if options.inputs < 1:
            raise InputError("--inputs: at least 1")
        profile = replace(profile, inputs=options.inputs)
    limit = TIME_LIMIT if options.time_limit is None else options.time_limit
    if not limit > 0:
        raise InputError("--time-limit: a number of seconds above 0")

    records: list[Record] = []
    problems: list[str] = []
    interrupted = False
    try:
        for name, found in _found(options.paths):
            try:
                claim = _claim(found)
                record = _guarded(
                    claim,
                    lambda claim=claim, name=name: (
                        check_claim(  # type: ignore[misc]
                            claim, profile, options.seed, time_limit=limit, replay_id=name
                        ).record
                    ),
                )
            except _Unusable as error:
                problems.append(f"{name}\n{error}")
                _line("ERROR", name)
                continue
            records.append(record)
            resolution = (
                f"  {record.inputs} inputs, resolution {record.resolution:.0e}"
                if record.status == "pass" and record.resolution is not None
                else ""
            )
            _line(record.status.upper(), f"{name}{resolution}")
    except KeyboardInterrupt:
        interrupted = True
        print("interrupted; what was found:")
    code = _close(records, problems)
    return INTERRUPTED if interrupted else code


def _line(word: str, text: str) -> None:
    """One line of progress: a word, in colour on a terminal, and what it is said of."""
    padded = f"{word:<10}"
    if _coloured():
        padded = padded.replace(word, f"\x1b[{_COLOURS[word]}m{word}\x1b[0m")
    print(f"{padded} {text}", flush=True)


def _coloured() -> bool:
    """Whether to write colours: on a terminal that knows them, unless the user wants none."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    # The old console of Windows shows the codes themselves.
    known = os.name != "nt" or "WT_SESSION" in os.environ
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and known)


def _close(records: list[Record], problems: list[str]) -> int:
    for message in [*problems, *(r.message for r in records if r.message)]:
        print(f"\n{message}")
    print()
    for record in records:
        for line in remarks(record):
            print(line)
    statuses = [record.status for record in records]
    failed = statuses.count("fail") + len(problems)
    print(f"{summary(records)}: {count(failed, 'failure')}")
    if failed:
        return FAILED
    return UNDECIDED if "undecided" in statuses else PASSED


def _list(options: argparse.Namespace) -> int:
    code = PASSED
    for name, found in _found(options.paths):
        if found.claim is None:
            print(f"gradcheck: {name}: {found.problem}", file=sys.stderr)
            code = FAILED
        else:
            print(name)
    return code


def _replay(options: argparse.Namespace) -> int:
    if "::" not in options.claim:
        raise InputError(f"{options.claim!r} names no claim; write FILE::CLAIM as printed")
    case = Case.parse(options.case)
    _, found = next(_found([options.claim]))
    claim = _claim(found)
    try:
        verdicts = _guarded(claim, lambda: replay(claim, case))
    except Judged as error:
        print(error)
        return UNDECIDED if isinstance(error, GradientUndecided) else FAILED
    print(verdicts)
    return PASSED


def _scan(options: argparse.Namespace) -> int:
    from gradcheck.adapters import scan_report as told
    from gradcheck.adapters.scan import scan, unknown_entries
    from gradcheck.adapters.spec import spec_of

    spec = spec_of(options.spec) if options.spec is not None else {}
    reports: list[told.FileReport] = []
    for file in options.files:
        for report in scan(Path(file), spec):
            if isinstance(report, told.FileReport):
                reports.append(report)
            elif not options.json:
                _line(*told.headline(report))
    unknown = unknown_entries(spec, reports)
    if unknown:
        raise InputError(f"{options.spec} declares {unknown[0]!r}, which no file defines")
    if options.json:
        print(json.dumps({"files": [one.as_dict() for one in reports]}, indent=2, default=float))
        return told.exit_code(reports)
    layers = [layer for report in reports for layer in report.layers]
    for text in (text for layer in layers for text in told.details(layer)):
        print(f"\n{text}")
    print()
    for text in (text for layer in layers for text in told.remarks(layer)):
        print(text)
    for text in (f"left out: {r.file}, {one}" for r in reports for one in r.left_out):
        print(text)
    print(told.summary(reports))
    return told.exit_code(reports)


def _new(options: argparse.Namespace) -> int:
    name = options.name
    path = Path(options.folder) / f"{name}.py"
    if not name.isidentifier() or keyword.iskeyword(name):
        raise InputError(f"{name!r} is not a name that a Python function can have")
    if not is_source(path) or name.startswith("__"):
        raise InputError(f"{path.name} means something else to Python or to pytest; take a name")
    if path.exists():
        raise InputError(f"{path} is there already")
    title = name.replace("_", " ").capitalize()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_TEMPLATE.format(name=name, title=title), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None
    print(
        f"wrote {path}: put your function and your rule into it, then run: gradcheck check {path}"
    )
    return PASSED


class _Unusable(GradcheckError):
    """Nothing can be said about a claim, and why."""


def _claim(found: Found) -> Rule | Identity:
    if found.claim is None:
        raise _Unusable(found.problem)
    return found.claim


def _guarded(claim: Rule | Identity, judge: Callable[[], T]) -> T:
    """What ``judge`` returns for a claim; ``_Unusable`` for whatever else happens but a verdict."""
    try:
        with installed(derivation_folder(Path(claim.file))):
            return judge()
    except Judged:
        raise
    except (Exception, SystemExit) as error:
        ours = f"gradcheck itself failed; please report this:\n{traceback.format_exc()}"
        raise _Unusable(explain(error, claim.file, claim.line) or ours) from None


def _found(paths: Sequence[str]) -> Iterator[tuple[str, Found]]:
    """What is declared under the paths, once, with the names that replay it.

    Raises ``InputError`` for a path that is not there, or under which nothing is declared.
    """
    told: set[str] = set()
    for text in paths:
        base, _, wanted = text.partition("::")
        nothing = True
        for file in _files(Path(base)):
            for found in found_at(file):
                # As with pytest, the name of a derivation stands for all of its rules.
                if wanted not in ("", found.id, found.id.split("[")[0]) and found.id != IMPORT:
                    continue
                nothing = False
                name = f"{file.as_posix()}::{found.id}"
                if name not in told:
                    told.add(name)
                    yield name, found
        if nothing:
            raise InputError(
                f"{text}: no claim of that name is there" if wanted else
                f"{text}: nothing is declared there; `gradcheck new NAME` writes a first file"
            )  # fmt: skip


def _files(path: Path) -> list[Path]:
    """The file, or those of a folder: of its derivation folders where it has some.

    Elsewhere a file has to name gradcheck: a script that does not is not run.
    """
    if not path.exists():
        hint = "; `gradcheck new NAME` writes a first file" if path.name == FOLDER else ""
        raise InputError(f"{path}: there is no such file or folder{hint}")
    if path.is_file():
        if path.suffix != ".py":
            raise InputError(f"{path}: a file of Python code was expected")
        return [path]
    found: list[Path] = []
    for folder, below, names in os.walk(path):
        here = Path(folder)
        below[:] = [
            name
            for name in below
            if not name.startswith((".", "__")) and not (here / name / _ENVIRONMENT).exists()
        ]
        found += [here / name for name in names if is_source(Path(name))]
    inside = [file for file in found if FOLDER in file.relative_to(path).parts[:-1]]
    if not inside and derivation_folder(path.absolute() / "any") is None:
        found = [file for file in found if b"gradcheck" in file.read_bytes()]
    return sorted(inside or found)


if __name__ == "__main__":  # as for `python -m gradcheck`: doing nothing would look like a pass
    sys.exit(main())
