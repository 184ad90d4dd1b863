"""Many submissions graded: on the cores of this machine, or on those of a cluster."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from gradcheck.coursework.assignment import Assignment
from gradcheck.coursework.child import PATIENCE
from gradcheck.coursework.grading import grade, versions
from gradcheck.coursework.results import Graded, Outcome, Part
from gradcheck.coursework.roster import Entry, Records, key
from gradcheck.coursework.sandbox import NONE, Sandbox, Unavailable, choose, require_system
from gradcheck.coursework.staging import library
from gradcheck.errors import InputError
from gradcheck.mutation.workers import Lost, share_out
from gradcheck.report.progress import Progress

#: The grader itself takes less for a part, on any machine.
_SECONDS_A_PART = 60.0
_SECONDS_AT_ALL = 120.0


@dataclass(frozen=True)
class Order:
    """One submission to be graded, as a worker gets it."""

    assignment: Path
    digest: str
    entry: Entry
    seed: int
    sandbox: Sandbox


@dataclass
class Run:
    """How a class is graded; ``seed`` is the hidden one, None for that of the assignment."""

    assignment: Assignment
    out: Path
    jobs: int = 1
    resume: bool = False
    seed: int | None = None
    unsafe: bool = False
    scheduler: str = ""
    #: Whoever wants to know of each result as it comes.
    heard: Callable[[Graded], None] = lambda graded: None

    def grade(self, entries: Sequence[Entry], stream: IO[str] | None = None) -> list[Graded]:
        """The results, in the order of the entries; each is on disk as soon as it is there.

        Raises ``Unavailable`` where nothing keeps submissions apart.
        """
        require_system(unsafe=self.unsafe)
        records = Records(self.out)
        records.sweep()
        progress = ClassProgress(stream, len(entries)) if stream is not None else None
        results: dict[str, Graded] = {}
        with library() as root:
            sandbox = self._sandbox(root, entries)
            seed = self.assignment.hidden_seed if self.seed is None else self.seed
            keys = {one.name: self._key(one, seed, sandbox.kind) for one in entries}
            if self.resume:
                for one in entries:
                    known = records.known(one, keys[one.name])
                    if known is not None:
                        results[one.name] = known
            left = [one for one in entries if one.name not in results]
            for entry, result in self._made(left, seed, sandbox, progress, len(results)):
                whole = isinstance(result, Graded)
                graded = result if isinstance(result, Graded) else self._lost(entry, seed, result)
                # What the grader failed at is tried again by the next run.
                records.write(entry, graded, keys[entry.name] if whole else "")
                results[entry.name] = graded
                if progress is not None:
                    progress.graded(graded)
                self.heard(graded)
        return [results[one.name] for one in entries]

    def _key(self, entry: Entry, seed: int, isolation: str) -> str:
        try:
            made_from = self.assignment.digest
            return key(made_from, entry.path, seed, versions(), isolation)
        except OSError:
            return ""  # it cannot be read, which its grading will say

    def _sandbox(self, root: Path, entries: Sequence[Entry]) -> Sandbox:
        if self.scheduler:
            # Each worker of the cluster chooses, and is as strict.
            return Sandbox(NONE if self.unsafe else "", root, self.assignment.modules)
        private = [self.assignment.folder, self.out]
        return choose(root, self.assignment.modules, private=private, unsafe=self.unsafe)

    def _made(
        self,
        left: Sequence[Entry],
        seed: int,
        sandbox: Sandbox,
        progress: ClassProgress | None,
        known: int,
    ) -> Iterator[tuple[Entry, Any]]:
        if progress is not None:
            progress.begin(left, known, self.jobs)
        orders = [
            Order(self.assignment.folder.absolute(), self.assignment.digest, one, seed, sandbox)
            for one in left
        ]
        if self.scheduler:
            from gradcheck.coursework.cluster import shared_out

            made: Iterator[tuple[int, Any]] = shared_out(orders, self.scheduler, self.unsafe)
        else:
            made = share_out(compute, orders, self.jobs, self._patience())
        for number, result in made:
            if isinstance(result, Unavailable):
                raise result
            yield left[number], result

    def _patience(self) -> float:
        """Seconds after which a worker has lost its way; a submission's own limits are shorter."""
        a_part = 3 * PATIENCE * self.assignment.time_limit + _SECONDS_A_PART
        return _SECONDS_AT_ALL + len(self.assignment.tasks) * a_part

    def _lost(self, entry: Entry, seed: int, lost: Any) -> Graded:
        """What is recorded where the grader itself failed: the teacher has to look."""
        said = lost.reason.strip().splitlines()[-1] if isinstance(lost, Lost) else str(lost)
        reason = f"the grader failed: {said}"
        parts = [
            Part(task.name, task.title, task.points, 0.0, Outcome.NEEDS_TEACHER, reason=reason,
                 feedback="your teacher has to look at this", visible=task.visible)
            for task in self.assignment.tasks
        ]  # fmt: skip
        return Graded(
            self.assignment.id, entry.name, seed, versions(), "unknown", tuple(parts),
            notes=(reason,),
        )  # fmt: skip


def compute(order: Order) -> Any:
    """In a worker: the marks of one submission; ``Unavailable`` where it must not be run."""
    assignment = _loaded(order.assignment, order.digest)
    try:
        return grade(assignment, order.entry.path, order.sandbox, order.seed, order.entry.name)
    except Unavailable as error:
        return error


@functools.lru_cache(maxsize=1)
def _loaded(folder: Path, digest: str) -> Assignment:
    assignment = Assignment.load(folder)
    if assignment.digest != digest:
        raise InputError(f"{folder} was changed in the meantime")
    return assignment


class ClassProgress(Progress):
    """Which submissions are being graded, how many came out how, and how long it will take."""

    def __init__(self, stream: IO[str], submissions: int) -> None:
        super().__init__(stream, submissions, 0)
        self._began = time.monotonic()
        self._names: list[str] = []
        self._jobs = 1
        self._known = self._imperfect = self._teacher = 0

    def begin(self, left: Sequence[Entry], known: int, jobs: int) -> None:
        """These are left, after some that are known."""
        self._names, self._jobs = [one.name for one in left], jobs
        self._known = self.number = known
        self._began = time.monotonic()
        self._show()

    def graded(self, graded: Graded) -> None:
        """One more is there."""
        self.number += 1
        if graded.submission in self._names:
            self._names.remove(graded.submission)
        self._teacher += graded.needs_teacher
        self._imperfect += graded.earned < graded.possible
        self.clear()
        self._show()

    def _show(self) -> None:
        self._written = 0.0
        self.name = ", ".join(self._names[: self._jobs])
        if self._names:
            self.judged(0)

    def _line(self, inputs: int) -> str:
        done = self.number - self._known
        so_far = f", {self._imperfect} not full" if self._imperfect else ""
        so_far += f", {self._teacher} for the teacher" if self._teacher else ""
        if done:
            left = (time.monotonic() - self._began) / done * (self.claims - self.number)
            so_far += f", about {_duration(left)} left"
        return f"[{self.number}/{self.claims}]{so_far}: {self.name}"


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes > 1 else f"{seconds:.0f} s"


def cores() -> int:
    """How many processes this one may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
