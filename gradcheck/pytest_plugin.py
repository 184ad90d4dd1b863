"""The pytest plugin: collects what is declared, one item a claim, and reports on the run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from gradcheck.claims import Derivation, Identity, Rule
from gradcheck.errors import (
    DeclarationError,
    GradcheckError,
    GradientUndecided,
)
from gradcheck.loading import FOLDER, LoadError, claims_in, load
from gradcheck.records import Record, summary

if TYPE_CHECKING:
    from gradcheck.checking import Profile

_PROPERTY = "gradcheck."
_seen_by = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the command-line and ini options."""
    group = parser.getgroup("gradcheck", "verification of derivations")
    group.addoption(
        "--gradcheck-profile",
        choices=("dev", "ci", "nightly"),
        help="how cases are drawn: dev (random; the default), ci (the same in every run; the "
        "default where CI is set), nightly (many)",
    )
    group.addoption("--gradcheck-inputs", type=int, help="the number of inputs for a claim")
    group.addoption("--gradcheck-seed", type=int, help="the seed of the drawn cases")
    group.addoption(
        "--gradcheck-time-limit", type=float, help="seconds after which a claim is cut off"
    )
    group.addoption(
        "--undecided",
        choices=("fail", "report"),
        default="fail",
        help="whether a claim that could not be decided fails its test (the default) or is shown",
    )
    parser.addini(
        "gradcheck_folders",
        "names of the folders whose files are derivation files",
        type="args",
        default=[FOLDER],
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let pytest look into the files of derivation folders."""
    for folder in config.getini("gradcheck_folders"):
        config.addinivalue_line("python_files", f"{folder}/*.py")
        if (config.rootpath / folder).is_dir() and str(config.rootpath) not in sys.path:
            # Tests import derivations also when no derivation file is collected.
            sys.path.append(str(config.rootpath))


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Collect the files of derivation folders by our own loader."""
    folders = parent.config.getini("gradcheck_folders")
    inside = (
        module_path.relative_to(parent.config.rootpath).parts[:-1]
        if (module_path.is_relative_to(parent.config.rootpath))
        else module_path.parts[:-1]
    )
    if not set(inside) & set(folders) or _is_test_file(module_path, parent.config):
        return None
    return DerivationFile.from_parent(parent, path=module_path)


def _is_test_file(path: Path, config: pytest.Config) -> bool:
    own = {f"{folder}/*.py" for folder in config.getini("gradcheck_folders")}
    patterns = [p for p in config.getini("python_files") if p not in own]
    return any(path.match(pattern) for pattern in patterns)


def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> list[pytest.Item] | None:
    """Collect what a test module declares, once, at the first declared name of it."""
    if not isinstance(obj, Derivation | Rule | Identity) or not isinstance(
        collector, pytest.Module
    ):
        return None
    if collector.stash.get(_seen_by, False):
        return []
    collector.stash[_seen_by] = True
    return list(_items(collector, collector.obj))


class DerivationFile(pytest.Module):
    """A file of a derivation folder."""

    def _getobj(self) -> ModuleType:
        return load(self.path)

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """One item a claim; one failing item where the file cannot be imported."""
        try:
            module = load(self.path)
        except LoadError as error:
            return [_broken(self, "import", error)]
        return list(_items(self, module))


def _items(parent: pytest.Module, module: ModuleType) -> Iterator[pytest.Item]:
    for name, claim in claims_in(module):
        if isinstance(claim, DeclarationError):
            yield _broken(parent, name, claim)
        else:
            yield ClaimItem.of(parent, name, claim)


def _broken(parent: pytest.Module, name: str, problem: GradcheckError) -> pytest.Item:
    def fails() -> None:
        raise problem

    item: ClaimItem = ClaimItem.from_parent(parent, name=name, callobj=fails)
    return item


class ClaimItem(pytest.Function):
    """One claim: checked on many inputs."""

    line: int = 0
    claim: Rule | Identity | None = None

    @classmethod
    def of(cls, parent: pytest.Module, name: str, claim: Rule | Identity) -> ClaimItem:
        """The item that checks ``claim``."""

        def checks() -> None:
            item._check(claim)

        item: ClaimItem = cls.from_parent(parent, name=name, callobj=checks)
        item.line, item.claim = claim.line, claim
        return item

    def _check(self, claim: Rule | Identity) -> None:
        from gradcheck.checking import TIME_LIMIT, check_claim

        limit = self.config.getoption("--gradcheck-time-limit")
        outcome = check_claim(
            claim,
            _profile(self.config),
            self.config.getoption("--gradcheck-seed"),
            time_limit=TIME_LIMIT if limit is None else limit,
            replay_id=self.nodeid,
        )
        for name, value in outcome.record.as_dict().items():
            self.user_properties.append((_PROPERTY + name, value))
        try:
            outcome.raise_for_failure()
        except GradientUndecided:
            if self.config.getoption("--undecided") == "fail":
                raise

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The file and line of the rule."""
        return self.path, max(self.line - 1, 0), self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # type: ignore[override]
        """Our own report for what we raise: no traceback through the harness."""
        if isinstance(excinfo.value, GradcheckError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


def pytest_report_header(config: pytest.Config) -> str:
    """Say how cases are drawn."""
    seed = config.getoption("--gradcheck-seed")
    profile = _profile(config)
    return f"gradcheck: profile {profile.name}, {profile.inputs} inputs a claim" + (
        f", seed {seed}" if seed is not None else ""
    )


def _profile(config: pytest.Config) -> Profile:
    from dataclasses import replace

    from gradcheck.checking import PROFILES, default_profile

    name = config.getoption("--gradcheck-profile")
    profile = PROFILES[name] if name else default_profile()
    inputs = config.getoption("--gradcheck-inputs")
    return replace(profile, inputs=inputs) if inputs else profile


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Close with how many claims were checked on how many inputs, and what was not judged."""
    records = [
        record
        for reports in terminalreporter.stats.values()
        for report in reports
        if (record := _record(report)) is not None
    ]
    if not records:
        return
    terminalreporter.section("gradcheck")
    for record in records:
        if record.status == "undecided":
            terminalreporter.line(f"undecided, not accused: {record.claim}")
        for name in record.unclaimed:
            terminalreporter.line(f"no claim says anything about {name}")
        for note in record.notes:
            terminalreporter.line(f"note: {record.claim}: {note}")
    terminalreporter.line(summary(records))


def _record(report: Any) -> Record | None:
    if getattr(report, "when", None) != "call":
        return None
    properties = {
        name.removeprefix(_PROPERTY): value
        for name, value in getattr(report, "user_properties", ())
        if name.startswith(_PROPERTY)
    }
    return Record.from_dict(properties) if properties else None
