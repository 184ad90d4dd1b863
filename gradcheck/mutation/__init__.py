"""How strong a check is: bugs are planted in the rules, and the same property runs on each.

``measure`` shares the mutants out over processes and sums up what became of them. Nothing is
written to the files: a mutant lives in memory alone.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.checking import PROFILES, check_claim
from gradcheck.claims import Identity, Rule
from gradcheck.errors import GradcheckError
from gradcheck.loading import derivation_folder, explain, found_at, installed
from gradcheck.mutation.mutants import Mutant, mutants_of
from gradcheck.mutation.summary import Claim, Report, Tried
from gradcheck.mutation.trial import Fate, try_mutant
from gradcheck.mutation.workers import Lost, share_out

__all__ = ["TIME_LIMIT", "Claim", "Report", "Settings", "Tried", "measure"]

#: Seconds after which a mutant is taken for one that does not end.
TIME_LIMIT = 20.0
#: A worker that has not answered after so many time limits is killed: it is in compiled code.
_PATIENCE = 4.0


@dataclass(frozen=True)
class Settings:
    """How the mutants are chosen and tried; ``sample`` is how many of all, drawn by ``seed``."""

    jobs: int
    sample: int | None = None
    seed: int = 0
    inputs: int = PROFILES["ci"].inputs
    time_limit: float = TIME_LIMIT


@dataclass(frozen=True)
class _Task:
    """One mutant of one claim, or, without a number, the claim itself."""

    name: str
    file: str
    claim: str
    settings: Settings
    number: int | None = None


@dataclass
class _Survey:
    """What is known of a claim before its mutants are tried."""

    problem: str = ""
    mutants: list[tuple[str, int, str, str]] = field(default_factory=list)


def measure(
    claims: Sequence[tuple[str, Path, str]],
    settings: Settings,
    progress: Callable[[Report, int], None] = lambda report, total: None,
) -> Report:
    """Try the mutants of some claims, each given by its printed name, its file and its id.

    ``progress`` is called with what is known so far and the number of mutants. A claim that does
    not pass itself has no mutants; the report names it.
    """
    report = Report(seed=settings.seed, inputs=settings.inputs)
    plain = [_Task(name, str(file), claim, settings) for name, file, claim in claims]
    patience = _PATIENCE * settings.time_limit
    surveys: dict[int, _Survey] = {}
    for number, survey in share_out(_compute, plain, settings.jobs, patience):
        if isinstance(survey, Lost):
            survey = _Survey(survey.reason)
        surveys[number] = survey
    tasks: list[_Task] = []
    for number, task in enumerate(plain):
        survey = surveys[number]
        report.claims.append(Claim(task.name, len(survey.mutants), survey.problem))
        tasks += [replace(task, number=k) for k in range(len(survey.mutants))]
    report.mutants = len(tasks)
    if settings.sample is not None and settings.sample < len(tasks):
        rng = np.random.default_rng(settings.seed)
        chosen = np.sort(rng.choice(len(tasks), settings.sample, replace=False))
        tasks = [tasks[k] for k in chosen]
    of_claim = {task.name: surveys[number] for number, task in enumerate(plain)}
    progress(report, len(tasks))
    for number, result in share_out(_compute, tasks, settings.jobs, patience):
        task = tasks[number]
        assert task.number is not None
        kind, line, before, after = of_claim[task.name].mutants[task.number]
        fate, seconds = (result, 0.0) if isinstance(result, Lost) else result
        if isinstance(fate, Lost):
            fate = Fate("error" if fate.ours else "killed", fate.reason)
        report.tried.append(
            Tried(task.name, kind, task.file, line, before, after, fate.outcome, fate.how,
                  fate.compared, seconds)
        )  # fmt: skip
        progress(report, len(tasks))
    order = {claim.name: k for k, claim in enumerate(report.claims)}
    report.tried.sort(key=lambda one: (order[one.claim], one.line))
    return report


def _compute(task: _Task) -> Any:
    """In a worker: the survey of a claim, or the fate of a mutant and the seconds it took."""
    claim, mutants = _loaded(task.file, task.claim)
    profile = replace(PROFILES["ci"], inputs=task.settings.inputs)
    limit = task.settings.time_limit
    with installed(derivation_folder(Path(task.file))):
        if task.number is None:
            try:
                outcome = check_claim(claim, profile, time_limit=limit, simplify=False)
            except (Exception, SystemExit) as error:
                said = explain(error, claim.file, claim.line)
                if said is None:
                    raise
                return _Survey(said)
            if outcome.record.status != "pass":
                return _Survey(f"does not pass itself: {outcome.record.title or 'undecided'}")
            if not mutants:
                return _Survey("has no source at hand in which a bug could be planted")
            return _Survey("", [(m.kind, m.line, m.before, m.after) for m in mutants])
        start = time.perf_counter()
        try:
            fate = try_mutant(claim, mutants[task.number], profile, limit)
        except SystemExit:
            fate = Fate("killed", "ends the process")
        return fate, time.perf_counter() - start


@functools.lru_cache(maxsize=8)
def _loaded(file: str, wanted: str) -> tuple[Rule | Identity, list[Mutant]]:
    """A claim of a file, and its mutants."""
    claims = {found.id: found.claim for found in found_at(Path(file))}
    claim = claims.get(wanted)
    if claim is None:
        raise GradcheckError(f"{file}: {wanted} is not there any more")
    return claim, mutants_of(claim)
