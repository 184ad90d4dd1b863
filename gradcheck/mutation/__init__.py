"""How strong a check is: bugs are planted in the rules, and the same property runs on each.

``measure`` shares the mutants out over processes and sums up what became of them. Nothing is
written to the files: a mutant lives in memory alone.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.checking import check_claim
from gradcheck.claims import Identity, Rule
from gradcheck.errors import GradcheckError
from gradcheck.loading import derivation_folder, explain, found_at, installed
from gradcheck.mutation.comparison import Original
from gradcheck.mutation.mutants import Mutant, mutants_of
from gradcheck.mutation.summary import Claim, Report, Tried
from gradcheck.mutation.trial import Fate, try_mutant
from gradcheck.mutation.workers import Lost, share_out
from gradcheck.profiles import PROFILES

__all__ = ["TIME_LIMIT", "Claim", "Report", "Settings", "Tried", "measure"]

#: Seconds after which a mutant is taken for one that does not end.
TIME_LIMIT = 20.0
#: A worker that has not answered after so many time limits is killed: it is in compiled code.
_PATIENCE = 5.0


@dataclass(frozen=True)
class Settings:
    """How the mutants are chosen and tried; ``sample`` is how many of all, drawn by ``seed``."""

    jobs: int = 1
    sample: int | None = None
    seed: int = 0
    inputs: int = PROFILES["ci"].inputs
    time_limit: float = TIME_LIMIT


@dataclass(frozen=True)
class _Task:
    """A mutant of a claim, or, without one, the claim itself."""

    name: str
    claim: str
    settings: Settings
    number: int | None = None
    after: str = ""

    @property
    def file(self) -> Path:
        return Path(self.name.rpartition("::")[0])


def measure(
    claims: Sequence[tuple[str, Rule | Identity]],
    settings: Settings,
    progress: Callable[[Report, int], None] = lambda report, total: None,
) -> Report:
    """Try the mutants of some claims; each has the name that replays it, ``FILE::CLAIM``.

    ``progress`` is called with what is known so far and the number of mutants. A claim that does
    not pass itself is a problem of the report, and its mutants do not count.
    """
    planted = [(name, claim, mutants_of(claim)) for name, claim in claims]
    every = [
        (_Task(name, claim.id, settings, k, mutant.after), mutant)
        for name, claim, mutants in planted
        for k, mutant in enumerate(mutants)
    ]
    report = Report(seed=settings.seed, inputs=settings.inputs, mutants=len(every))
    if settings.sample is not None and settings.sample < len(every):
        rng = np.random.default_rng(settings.seed)
        chosen = np.sort(rng.choice(len(every), settings.sample, replace=False))
        every = [every[k] for k in chosen]
    touched = {task.name for task, _ in every}
    plain = [_Task(name, claim.id, settings) for name, claim, _ in planted if name in touched]
    problems = {
        name: "there is no source at hand in which a bug could be planted"
        for name, _, mutants in planted
        if not mutants
    }
    tasks = [*plain, *(task for task, _ in every)]
    progress(report, len(every))
    for k, result in share_out(_compute, tasks, settings.jobs, _PATIENCE * settings.time_limit):
        if k < len(plain):
            problem = result.reason if isinstance(result, Lost) else result
            if problem:
                problems[tasks[k].name] = problem
            continue
        report.tried.append(_tried(tasks[k], every[k - len(plain)][1], result))
        progress(report, len(every))
    report.tried = [one for one in report.tried if one.claim not in problems]
    report.claims = [Claim(name, len(m), problems.get(name, "")) for name, _, m in planted]
    order = {claim.name: k for k, claim in enumerate(report.claims)}
    report.tried.sort(key=lambda one: (order[one.claim], one.line, one.after))
    return report


def _tried(task: _Task, mutant: Mutant, result: Any) -> Tried:
    fate, seconds = (result, 0.0) if isinstance(result, Lost) else result
    if isinstance(fate, Lost):
        fate = Fate("error" if fate.ours else "killed", fate.reason)
    return Tried(
        task.name, mutant.kind, mutant.claim.file, mutant.line, mutant.before, mutant.after,
        fate.outcome, fate.how, fate.compared, seconds,
    )  # fmt: skip


def _compute(task: _Task) -> Any:
    """In a worker: what is wrong with a claim, or a mutant's fate and the seconds it took."""
    original, mutants = _loaded(str(task.file), task.claim)
    claim = original.claim
    profile = replace(PROFILES["ci"], inputs=task.settings.inputs)
    limit = task.settings.time_limit
    with installed(derivation_folder(task.file.absolute())):
        if task.number is None:
            check = functools.partial(check_claim, claim, profile, replay_id=task.name)
            return _problem(claim, lambda: check(time_limit=limit).record)
        mutant = mutants[task.number]
        if mutant.after != task.after:
            raise GradcheckError(f"{task.file} was changed in the meantime")
        start = time.perf_counter()
        try:
            fate = try_mutant(original, mutant, profile, limit)
        except SystemExit:
            fate = Fate("killed", "ends the process")
        return fate, time.perf_counter() - start


def _problem(claim: Rule | Identity, check: Callable[[], Any]) -> str:
    """Why a claim does not pass; empty where it does."""
    try:
        record = check()
    except (Exception, SystemExit) as error:
        said = explain(error, claim.file, claim.line)
        if said is None:
            raise
        return said
    return "" if record.status == "pass" else f"it does not pass itself\n{record.message}"


@functools.lru_cache(maxsize=8)
def _loaded(file: str, wanted: str) -> tuple[Original, list[Mutant]]:
    """A claim of a file, and its mutants."""
    claims = {found.id: found.claim for found in found_at(Path(file))}
    claim = claims.get(wanted)
    if claim is None:
        raise GradcheckError(f"{file}: {wanted} is not there any more")
    return Original(claim), mutants_of(claim)
