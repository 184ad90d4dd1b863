"""The pytest plugin: collects what is declared, one item a claim, and reports on the run."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from gradcheck.claims import DECLARATIONS, Derivation, Identity, Rule
from gradcheck.errors import DeclarationError, GradcheckError, GradientUndecided
from gradcheck.hints import LANGUAGES, LEVELS, Hints
from gradcheck.loading import (
    FOLDER,
    IMPORT,
    Found,
    derivation_folder,
    explain,
    found_at,
    found_in,
    installed,
    is_source,
    load,
)
from gradcheck.profiles import (
    HOW_DRAWN,
    HOW_LONG,
    HOW_MANY,
    PROFILES,
    TIME_LIMIT,
    Profile,
    default_profile,
)
from gradcheck.pytest_results import HINTS, Results, add_options, attach
from gradcheck.records import Problem, Record
from gradcheck.report.figures import one_line
from gradcheck.report.narration import describe
from gradcheck.report.terminal import width
from gradcheck.verdict import Status

if TYPE_CHECKING:
    from gradcheck.checking import Outcome

#: What a JUnit report holds of a claim, where there is a value.
_PROPERTIES = (
    "status", "inputs", "evaluations", "resolution", "largest_discrepancy", "kinks", "undecided",
    "uncovered", "seed",
)  # fmt: skip
#: What a derivation file may do while it is imported as a test file may.
_PASSING = (KeyboardInterrupt, pytest.skip.Exception, pytest.exit.Exception)
#: The seed of a run: its size, where it is kept, and what workers call it.
_SEED_BITS = 32
_SEED_KEY = "gradcheck_seed"
_drawn_seed = pytest.StashKey[int]()
#: The columns of the terminal: None where there is none, and what workers call it.
_WIDTH_KEY = "gradcheck_width"
_width = pytest.StashKey[int | None]()
#: Likewise its encoding.
_ENCODING_KEY = "gradcheck_encoding"
_encoding = pytest.StashKey[str | None]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the command-line and ini options."""
    group = parser.getgroup("gradcheck", "verification of derivations")
    group.addoption(
        "--gradcheck-profile",
        choices=tuple(PROFILES),
        help=HOW_DRAWN,
    )
    group.addoption("--gradcheck-inputs", type=_positive(int), help=HOW_MANY)
    group.addoption("--gradcheck-seed", type=_whole, help="the seed of the drawn cases")
    group.addoption(
        "--gradcheck-time-limit",
        type=_positive(float),
        help=HOW_LONG,
    )
    group.addoption(
        "--gradcheck-hints",
        choices=LEVELS,
        help="how much of a mistake is told: nothing, which gradients are wrong, which mistake it "
        "is, or the remedy as well (the default)",
    )
    group.addoption(
        "--gradcheck-lang", choices=LANGUAGES, help="the language of the hints (the environment's)"
    )
    group.addoption(
        "--undecided",
        choices=("fail", "report"),
        default="fail",
        help="whether a claim that could not be decided fails its test (the default) or is shown",
    )
    add_options(group)
    parser.addini(
        "gradcheck_folders",
        "names of the folders whose files are derivation files",
        type="args",
        default=[FOLDER],
    )


def _positive(kind: type[int] | type[float]) -> Callable[[str], float]:
    def parse(text: str) -> float:
        number = kind(text)
        if not number > 0:
            raise argparse.ArgumentTypeError("a number above 0 was expected")
        return number

    parse.__name__ = kind.__name__  # argparse names it where the text is no number
    return parse


def pytest_configure(config: pytest.Config) -> None:
    """Draw the seed of the run, and let tests import the derivations."""
    worker: dict[str, Any] = getattr(config, "workerinput", {})
    config.stash[_drawn_seed] = worker.get(_SEED_KEY) or secrets.randbits(_SEED_BITS)
    config.stash[_width] = worker.get(_WIDTH_KEY, width(sys.stdout))
    encoding = worker.get(_ENCODING_KEY) or getattr(sys.stdout, "encoding", None)
    config.stash[_encoding] = encoding
    config.stash[HINTS] = Hints.of(
        config.getoption("--gradcheck-hints"), config.getoption("--gradcheck-lang"), encoding
    )
    if not worker:
        config.pluginmanager.register(Results(config, lambda: _nothing_found(config)))
    for folder in _in_sight(config):
        # Also where no file of it is collected; last, so that nothing of it shadows a library.
        if str(folder.parent) not in sys.path:
            sys.path.append(str(folder.parent))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give the seed of the run, and what its terminal is like, to a worker of pytest-xdist."""
    node.workerinput[_SEED_KEY] = node.config.stash[_drawn_seed]
    node.workerinput[_WIDTH_KEY] = node.config.stash[_width]
    node.workerinput[_ENCODING_KEY] = node.config.stash[_encoding]


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say how cases are drawn, where there are derivations."""
    if not _in_sight(config):
        return None
    profile = _profile(config)
    seed = _seed(config, profile)
    drawn = "the same cases in every run" if seed is None else f"seed {seed}"
    return f"gradcheck: profile {profile.name}, {profile.inputs} inputs a claim, {drawn}"


def _profile(config: pytest.Config) -> Profile:
    name = config.getoption("--gradcheck-profile")
    profile = PROFILES[name] if name else default_profile()
    inputs = config.getoption("--gradcheck-inputs")
    return replace(profile, inputs=inputs) if inputs else profile


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("a whole number of 0 or more was expected")
    return int(text)


def _seed(config: pytest.Config, profile: Profile) -> int | None:
    """The seed of every claim; None where each has its own, the same in every run."""
    chosen: int | None = config.getoption("--gradcheck-seed")
    if chosen is None and not profile.derandomized:
        return config.stash[_drawn_seed]
    return chosen


# ---- which files, and what is in them ------------------------------------------------------


def _folders(config: pytest.Config) -> list[str]:
    names: list[str] = config.getini("gradcheck_folders")
    return names


def _folder_around(path: Path, config: pytest.Config) -> Path | None:
    """The derivation folder that a path lies in.

    A project may itself lie in a folder called ``derivations``, or be called so: that makes
    nothing of it a derivation file. It does where there is no configuration, since then the root
    is just where pytest was started.
    """
    folder, root = derivation_folder(path, _folders(config)), config.rootpath
    if folder is None or (folder == root and config.inipath is None):
        return folder
    return None if root.is_relative_to(folder) else folder


def _in_sight(config: pytest.Config) -> list[Path]:
    """The derivation folders that this run may be about: of the root, and of what is asked for."""
    asked = [config.invocation_params.dir / arg.partition("::")[0] for arg in config.args]
    asked += [config.rootpath / path for path in config.getini("testpaths")]
    found: dict[Path, None] = {}
    for place in (config.rootpath, *asked):
        path = Path(os.path.abspath(place))  # noqa: PTH100 - resolve() follows links
        around = _folder_around(path / "any", config)
        below = [path / name for name in _folders(config) if (path / name).is_dir()]
        found |= dict.fromkeys([around] if around is not None else below)
    return list(found)


def _nothing_found(config: pytest.Config) -> list[str]:
    asked = [] if config.option.pyargs else [arg.partition("::")[0] for arg in config.args]
    # pytest says so by itself, but not where workers do the collecting.
    missing = [arg for arg in asked if not (config.invocation_params.dir / arg).exists()]
    return [f"gradcheck: {arg}: there is no such file or folder" for arg in missing] or [
        f"gradcheck: nothing is declared in {folder}; `gradcheck new NAME` writes a first file"
        for folder in _in_sight(config)
    ]


def _is_derivation_file(path: Path, config: pytest.Config) -> bool:
    return is_source(path) and _folder_around(path, config) is not None


@pytest.hookimpl(tryfirst=True)
def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Dir | None:
    """Collect a folder of derivations as a plain one: as a package, pytest would import it."""
    if _folder_around(path / "__init__.py", parent.config) is None:
        return None
    folder: pytest.Dir = pytest.Dir.from_parent(parent, path=path)
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Collect derivation files, once also where pytest itself takes one for a test file."""
    found = yield
    already = any(isinstance(one, DerivationFile) for one in found)
    if not already and _is_derivation_file(file_path, parent.config):
        found.append(DerivationFile.from_parent(parent, path=file_path))
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Import derivation files by our own loader, also where pytest takes one for a test file."""
    if not _is_derivation_file(module_path, parent.config):
        return None
    module: pytest.Module = DerivationFile.from_parent(parent, path=module_path)
    return module


def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> list[pytest.Item] | None:
    """Collect what a module declares, once: at its list of declarations, not at their names."""
    if name == DECLARATIONS and isinstance(collector, pytest.Module):
        return [ClaimItem.of(collector, found) for found in found_in(collector.obj)]
    return [] if isinstance(obj, Derivation | Rule | Identity) else None


class DerivationFile(pytest.Module):
    """A file of a derivation folder."""

    def _getobj(self) -> ModuleType:
        return load(self.path, _folders(self.config), _PASSING)

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """One item a claim; one failing item where the file cannot be imported."""
        found = found_at(self.path, _folders(self.config), _PASSING)
        if found and found[0].id == IMPORT:
            # Whoever asked for one claim is to be told why it is not there.
            ids = self._ids_asked_for() or [IMPORT]
            return [ClaimItem.of(self, replace(found[0], id=name)) for name in ids]
        module = self.obj  # which has pytest read the marks of the module
        if self._is_test_file():
            return super().collect()
        return [ClaimItem.of(self, one) for one in found_in(module)]

    def _ids_asked_for(self) -> list[str]:
        folder = self.config.invocation_params.dir
        asked = [arg.partition("::") for arg in self.config.args]
        return [
            name
            for file, _, name in asked
            if name and os.path.abspath(folder / file) == str(self.path)  # noqa: PTH100
        ]

    def _is_test_file(self) -> bool:
        return any(self.path.match(pattern) for pattern in self.config.getini("python_files"))


class ClaimItem(pytest.Function):
    """One claim, checked on many inputs; or what makes it impossible to check one."""

    found: Found
    record: Record | None = None
    #: The failure in one line.
    headline: str | None = None

    @classmethod
    def of(cls, parent: pytest.Module, found: Found) -> ClaimItem:
        """The item of what was found."""

        def checks() -> None:
            item._check()

        item: ClaimItem = cls.from_parent(parent, name=found.id, callobj=checks)
        item.found = found
        return item

    def _check(self) -> None:
        if self.found.claim is None:
            raise DeclarationError(self.found.problem)
        outcome = self._outcome(self.found.claim)
        self.record = outcome.record
        self.headline = _headline(outcome)
        data = self.record.as_dict()
        self.user_properties += [
            (f"gradcheck.{name}", data[name]) for name in _PROPERTIES if data[name] is not None
        ]
        try:
            outcome.raise_for_failure()
        except GradientUndecided:
            if self.config.getoption("--undecided") == "fail":
                raise

    def _outcome(self, claim: Rule | Identity) -> Outcome:
        from gradcheck.checking import check_claim

        profile = _profile(self.config)
        limit = self.config.getoption("--gradcheck-time-limit")
        try:
            with installed(_folder_around(self.path, self.config)):
                return check_claim(
                    claim,
                    profile,
                    _seed(self.config, profile),
                    time_limit=limit or TIME_LIMIT,
                    replay_id=f"{self._file_from_here()}::{self.name}",
                    width=self.config.stash[_width],
                    hints=self.config.stash[HINTS],
                )
        except (Exception, SystemExit) as error:
            reason = explain(error, claim.file, claim.line)
            if reason is None:
                raise
            raise DeclarationError(reason) from None

    def _file_from_here(self) -> str:
        """The file as the command finds it from where pytest was started."""
        here = self.config.invocation_params.dir
        if self.path.is_relative_to(here):
            return self.path.relative_to(here).as_posix()
        return self.path.as_posix()

    @property
    def id(self) -> Any:
        """The id that pytest 9.2 reads back for ``--lf``: what stands in brackets is parameters."""
        made = super().id
        return type(made).parse(str(made))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The file and line of the rule."""
        return self.path, max(self.found.line - 1, 0), self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # type: ignore[override]
        """Our own report for what we raise: no traceback through the harness."""
        if not isinstance(excinfo.value, GradcheckError):
            return super().repr_failure(excinfo)
        shown = excinfo.getrepr(style="value", chain=False)
        if shown.reprcrash is not None:
            shown.reprcrash.path = str(self.path)
            shown.reprcrash.lineno = self.found.line
            said = self.headline or str(excinfo.value).splitlines()[0]
            shown.reprcrash.message = one_line(said)
        return shown


def _headline(outcome: Outcome) -> str | None:
    """A failure in one line, for pytest's own summary and for JUnit."""
    record, verdict = outcome.record, outcome.verdict
    if record.status == str(Status.PASS):
        return None
    head = record.title if record.status == str(Status.FAIL) else "undecided, not accused"
    detail = ""
    if verdict is not None and verdict.chain:
        left, right = (text for text, _ in verdict.chain[verdict.broken : verdict.broken + 2])
        detail = f"{left} ≠ {right}"
    elif verdict is not None:
        detail = describe(verdict) or verdict.reason
    return f"{head}: {detail}" if detail else head


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let what a claim came to travel with its report."""
    report = yield
    if isinstance(item, ClaimItem) and call.when == "call":
        problem = None
        if item.record is None and call.excinfo is not None and not report.skipped:
            place = str(item.path), item.found.line
            problem = Problem(item.name, *place, str(call.excinfo.value))
        attach(report, item.record, problem)
    return report
