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
from typing import TYPE_CHECKING, TypeVar

from gradcheck.case import Case
from gradcheck.claims import Identity, Rule
from gradcheck.errors import GradcheckError, GradientUndecided, InputError, Judged
from gradcheck.hints import LANGUAGES, LEVELS, Hints
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
from gradcheck.records import Problem, Record, count, remarks, summary
from gradcheck.report import github
from gradcheck.report.document import require_writable, write_document
from gradcheck.report.figures import printable, relative
from gradcheck.report.progress import Progress
from gradcheck.report.terminal import Screen
from gradcheck.verification import replay

if TYPE_CHECKING:
    from gradcheck.mutation import Report

T = TypeVar("T")

#: Exit codes; the last is what shells say of a process that Ctrl-C ended.
PASSED, FAILED, USAGE, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130
#: The columns of the word that a claim's line begins with.
_WORD = 10
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
    check.add_argument(
        "--hints", choices=LEVELS, help="how much of a mistake is told: nothing, which gradients "
        "are wrong, which mistake it is, or the remedy as well (the default)",
    )  # fmt: skip
    check.add_argument(
        "--lang", choices=LANGUAGES, help="the language of the hints (the environment's)"
    )
    check.add_argument("--time-limit", type=float, help="seconds after which a claim is cut off")
    check.add_argument("--html", metavar="PATH", help="write a page with all that was found")
    check.add_argument("--json", metavar="PATH", help="write the records for other programs")
    check.set_defaults(run=_check)

    mutate = commands.add_parser(
        "mutate", help="plant bugs in the claims, and count how many the check finds",
        description="Plant bugs in the claims, in memory, and run the same check on each. Exit "
        "code: 0 done, 1 a claim fails by itself or the score is below --fail-under, 2 wrong use "
        "or nothing found.",
    )  # fmt: skip
    _paths(mutate)
    mutate.add_argument("--jobs", type=int, help="the number of processes (one a core)")
    mutate.add_argument("--sample", type=int, metavar="N", help="try so many, drawn from all")
    mutate.add_argument("--seed", type=int, default=0, help="the seed of the sample (0)")
    mutate.add_argument("--inputs", type=int, help="the number of inputs for a mutant")
    mutate.add_argument("--time-limit", type=float, help="seconds for a mutant")
    mutate.add_argument("--fail-under", type=float, metavar="SCORE", help="such as 0.99")
    mutate.add_argument("--json", type=Path, metavar="PATH", help="write all of it to a file")
    mutate.set_defaults(run=_mutate)

    listing = commands.add_parser("list", help="list the claims of some files or folders")
    _paths(listing)
    shown = listing.add_mutually_exclusive_group()
    shown.add_argument("--ids", action="store_true", help="one id a line, as `check` takes it")
    shown.add_argument("--status", action="store_true", help="check each claim on a few inputs")
    listing.set_defaults(run=_list)

    about = commands.add_parser(
        "explain", help="show the formula of a derivation, its rules, and worked numbers"
    )
    about.add_argument("name", help="of a file, a derivation or an identity, such as sigmoid")
    about.add_argument(
        "paths", nargs="*", default=[FOLDER], metavar="PATH", help="where to look (derivations)"
    )
    about.set_defaults(run=_explain)

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

    files = [path for path in (options.html, options.json) if path is not None]
    page = _page(options.html)
    document = None if options.json is None else require_writable("--json", options.json)
    screen = Screen.of(sys.stdout)
    hints = Hints.of(options.hints, options.lang)
    records: list[Record] = []
    problems: list[Problem] = []
    interrupted = False
    try:
        found = list(_found(options.paths))
        progress = Progress(sys.stderr, len(found), profile.inputs)
        for name, one in found:
            progress.start(name)
            try:
                claim = _claim(one)
                record = _guarded(
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
            except _Unusable as error:
                problems.append(Problem(one.id, *_origin(name, one), str(error)))
                progress.ended("error")
                _line(screen, "ERROR", name)
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
            _line(screen, record.status.upper(), f"{name}{resolution}")
    except KeyboardInterrupt:
        interrupted = True
        print("interrupted; what was found:")
    code = _close(screen, records, problems)
    if page is not None:
        page(records, problems)
    if document is not None:
        write_document(document, records, problems)
    for path in files:
        print(f"wrote {path}")
    if github.is_active():
        for command in github.workflow_commands(records, problems):
            print(command)
        github.add_summary(records, problems)
    return INTERRUPTED if interrupted else code


def _page(path: str | None) -> Callable[[list[Record], list[Problem]], None] | None:
    """What writes the page; asked for before the run, so that a run is not lost to what lacks."""
    if path is None:
        return None
    from gradcheck.report.page import require_installed, write_page

    require_installed("--html")
    target = require_writable("--html", path)
    return lambda records, problems: write_page(target, records, problems)


def _origin(name: str, found: Found) -> tuple[str, int]:
    file = Path(name.partition("::")[0]).absolute()
    return str(file), found.line


def _line(screen: Screen, word: str, text: str) -> None:
    """One line of progress: a word, in colour on a terminal, and what it is said of."""
    print(f"{screen.word(word, _WORD)} {screen.written(printable(text))}", flush=True)


def _close(screen: Screen, records: list[Record], problems: list[Problem]) -> int:
    reports = [printable(f"{relative(p.file)}::{p.claim}\n{p.message}") for p in problems]
    reports += [record.message for record in records if record.message]
    for message in reports:
        print(f"\n{screen.show(github.guarded(message))}")
    print()
    for record in records:
        for line in remarks(record):
            print(screen.written(github.guarded(printable(line))))
    statuses = [record.status for record in records]
    failed = statuses.count("fail") + len(problems)
    print(f"{summary(records)}: {count(failed, 'failure')}")
    if failed:
        return FAILED
    return UNDECIDED if "undecided" in statuses else PASSED


def _mutate(options: argparse.Namespace) -> int:
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
    for name, found in _found(options.paths):
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


def _list(options: argparse.Namespace) -> int:
    from gradcheck.listing import contents

    listed: list[tuple[Path, Found]] = []
    code = PASSED
    for name, found in _found(options.paths):
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


def _explain(options: argparse.Namespace) -> int:
    from gradcheck.explanation import find, page

    base, _, _ = options.name.partition("::")
    paths = [base] if Path(base).is_file() else options.paths
    for piece in page(find(options.name, [file for p in paths for file in _files(Path(p))])):
        print(piece)
    return PASSED


def _replay(options: argparse.Namespace) -> int:
    if "::" not in options.claim:
        raise InputError(f"{options.claim!r} names no claim; write FILE::CLAIM as printed")
    case = Case.parse(options.case)
    _, found = next(_found([options.claim]))
    claim = _claim(found)
    try:
        verdicts = _guarded(claim, lambda: replay(claim, case))
    except Judged as error:
        print(Screen.of(sys.stdout).show(str(error)))
        return UNDECIDED if isinstance(error, GradientUndecided) else FAILED
    print(verdicts)
    return PASSED


def _scan(options: argparse.Namespace) -> int:
    from gradcheck.adapters import scan_report as told
    from gradcheck.adapters.scan import scan, unknown_entries
    from gradcheck.adapters.spec import spec_of

    spec = spec_of(options.spec) if options.spec is not None else {}
    screen = Screen.of(sys.stdout)
    reports: list[told.FileReport] = []
    for file in options.files:
        for report in scan(Path(file), spec):
            if isinstance(report, told.FileReport):
                reports.append(report)
            elif not options.json:
                _line(screen, *told.headline(report))
    unknown = unknown_entries(spec, reports)
    if unknown:
        raise InputError(f"{options.spec} declares {unknown[0]!r}, which no file defines")
    if options.json:
        print(json.dumps({"files": [one.as_dict() for one in reports]}, indent=2, default=float))
        return told.exit_code(reports)
    layers = [layer for report in reports for layer in report.layers]
    for text in (text for layer in layers for text in told.details(layer)):
        print(screen.show(f"\n{text}"))
    print()
    for text in (text for layer in layers for text in told.remarks(layer)):
        print(screen.show(text))
    for text in (f"left out: {r.file}, {one}" for r in reports for one in r.left_out):
        print(screen.show(text))
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
