"""One submission graded: every part asked for, in a process that knows nothing, and judged here."""

from __future__ import annotations

import contextlib
import functools
import platform
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from gradcheck.case import Case
from gradcheck.checking import Outcome as Checked
from gradcheck.checking import check_claim
from gradcheck.claims import Identity, Rule
from gradcheck.coursework.assignment import Assignment, Task
from gradcheck.coursework.child import Broken
from gradcheck.coursework.cotangents import unlike_their_sum
from gradcheck.coursework.growth import Rounding, is_untold_in_single
from gradcheck.coursework.interview import Interview, Question, clean
from gradcheck.coursework.own_folder import FILES
from gradcheck.coursework.placement import placed
from gradcheck.coursework.precision import COARSEST, IN_DOUBLE
from gradcheck.coursework.results import Graded, Outcome, Part
from gradcheck.coursework.sandbox import Sandbox
from gradcheck.coursework.settings import VISIBLE_INPUTS
from gradcheck.coursework.smoothness import jumps
from gradcheck.coursework.staging import Refused, room
from gradcheck.coursework.steadiness import (
    Steady,
    changed,
    has_lost_digits,
    is_noise,
    is_rough,
    size_of,
)
from gradcheck.coursework.submitted import Bound, answered_by, bounded_by
from gradcheck.hints import Hints
from gradcheck.loading import FOLDER, installed
from gradcheck.profiles import Profile
from gradcheck.records import count
from gradcheck.report.narration import describe
from gradcheck.verdict import Status, Verdict
from gradcheck.verification import judge_at

#: An undecided part is tried on so many fresh inputs before the teacher is asked.
FRESH = 20
#: A pass with a larger share of open points is for the teacher to judge.
_MOST_UNDECIDED = 0.25
#: Of what computes in single precision as large a share as of any claim: a gradient that is all but
#: cancelled, as of a norm of two numbers, is lost in it, and by how much is bounded.
_MOST_IN_SINGLE = 0.5
#: Causes for which an equality that does not hold at a point is not accused of it.
_BESIDE = ("coarse", "measurement", "underflow")
#: The title of what a rule's exception is told under.
_RAISES = "raises"
#: What is said beside open points of a submission that computes so.
_SINGLE = "; it computes in single precision"
#: What nothing of the submission has run for, beside its import: its process is as it was.
_UNASKED = (Outcome.MISSING, Outcome.NOT_ALLOWED)
#: Where a part's check has to end in any case; the time of the submission itself is limited apart.
_PATIENCE = 600.0


def versions() -> dict[str, str]:
    """What decides the marks beside assignment, submission and seed."""
    return {
        "gradcheck": version("gradcheck"),
        "numpy": version("numpy"),
        "hypothesis": version("hypothesis"),
        "python": platform.python_version(),
    }


def grade(
    assignment: Assignment, submission: Path, sandbox: Sandbox, seed: int, name: str
) -> Graded:
    """The marks of one submission; whatever it does becomes an outcome of its parts.

    ``seed`` is the hidden one. Raises ``Unavailable`` where the sandbox does not hold any more.
    """
    began = time.monotonic()
    tasks = assignment.tasks
    try:
        with room(sandbox.root, submission, FILES) as where:
            shown = Interview(assignment, sandbox, where, seed)
            with contextlib.closing(shown), answered_by(shown):
                first = {
                    task.name: _part(task, shown, assignment.visible_seed, shown=True)
                    for task in tasks
                    if task.visible
                }
            # Another process, and the last: what one that has met hidden inputs prints, or says as
            # it ends, could tell them to the student.
            hidden = Interview(assignment, sandbox, where, seed)
            with contextlib.closing(hidden), answered_by(hidden):
                parts = [
                    _both(first.get(task.name), lambda task=task: _part(task, hidden, seed))  # type: ignore[misc]
                    for task in tasks
                ]
            asked = {name: [*shown.samples.get(name, ()), *sample]
                     for name, sample in hidden.samples.items()}  # fmt: skip
            parts = _repeated(parts, asked, lambda: Interview(assignment, sandbox, where), seed)
            notes = [*where.notes, *shown.notes]
    except Refused as refused:
        parts = [_failed(task, Outcome.MISSING, str(refused)) for task in tasks]
        notes = []
    return Graded(
        assignment=assignment.id,
        submission=name,
        seed=seed,
        versions=versions(),
        isolation=sandbox.kind,
        parts=tuple(parts),
        notes=tuple(clean(note) for note in notes),
        seconds=round(time.monotonic() - began, 3),
    )


def _both(first: Part | None, second: Callable[[], Part]) -> Part:
    """A part by what came of the inputs that are shown, and if that was right of the others."""
    if first is None:
        return second()
    if first.outcome is not Outcome.PASSED:
        return first
    made = second()
    return replace(
        made,
        output=first.output,
        remarks=first.remarks,
        file=first.file,
        line=first.line,
        inputs=first.inputs + made.inputs,
        undecided=first.undecided + made.undecided,
        seconds=round(first.seconds + made.seconds, 3),
    )


def _repeated(
    parts: Sequence[Part],
    asked: Mapping[str, Sequence[Question]],
    fresh: Callable[[], Interview],
    seed: int,
) -> list[Part]:
    """The parts, of which one is wrong that answers differently when it is asked again.

    All together first, in a process that has seen none of it; then by itself what another part may
    have spoilt.
    """
    passed = [part.name for part in parts if part.outcome is Outcome.PASSED]

    def doubted(names: Iterable[str]) -> set[str]:
        with contextlib.closing(fresh()) as interview:
            return changed(interview, {name: asked[name] for name in names}, seed)

    wrong = {name for name in sorted(doubted(passed)) if doubted([name])}
    return [
        replace(
            part, outcome=Outcome.WRONG, earned=0.0, reason=_CHANGES,
            feedback=f"{Outcome.WRONG}: {_CHANGES}",
        ) if part.name in wrong else part
        for part in parts
    ]  # fmt: skip


_CHANGES = "not repeatable: asked the same again, it does not give the same answer"


def _part(task: Task, interview: Interview, seed: int, *, shown: bool = False) -> Part:
    """A part by the inputs of one seed; ``shown``, with all that a student may learn of them.

    What is lost in a process that has answered for other parts, whose code may have spoilt it or
    ended it late, is tried in one of its own.
    """
    began = time.monotonic()
    in_use = interview.is_in_use(task)
    made = _tried(task, interview, seed, shown=shown, final=not in_use)
    if in_use and made.outcome not in (Outcome.PASSED, *_UNASKED):
        interview.drop()
        interview.printed()
        made = _tried(task, interview, seed, shown=shown, final=True)
    interview.samples[task.name] = interview.sample
    output = interview.printed()
    seconds = round(time.monotonic() - began, 3)
    if not shown:
        where = " at inputs that are not shown" if task.visible else ""
        feedback = made.feedback if made.outcome is Outcome.PASSED else f"{made.outcome}{where}"
        return replace(made, feedback=feedback, seconds=seconds)
    line = interview.line
    file = interview.file if line else ""
    text = clean(output, most=None)
    remarks = tuple(map(clean, interview.remarks))
    return replace(made, output=text, remarks=remarks, file=file, line=line, seconds=seconds)


def _tried(task: Task, interview: Interview, seed: int, *, shown: bool, final: bool) -> Part:
    """What comes of a part in the process that is there.

    With a report, at the smallest inputs, only of what is final and told: of what is not shown, and
    in which no mistakes are to be named, a line at the first inputs will do.
    """
    told = final and (shown or Hints.of(interview.assignment.hints).shows("where"))
    interview.begin()
    try:
        interview.locate(task)
        inputs = VISIBLE_INPUTS if shown else interview.assignment.inputs
        return _judged(task, interview, seed, inputs, told)
    except Broken as broken:
        if broken.outcome not in _UNASKED:
            interview.drop()
        return _failed(task, broken.outcome, broken.reason)


def _failed(task: Task, outcome: Outcome, reason: str) -> Part:
    reason = clean(reason)
    return Part(
        task.name, task.title, task.points, 0.0, outcome, reason=reason,
        feedback=f"{outcome}: {reason}", visible=task.visible,
    )  # fmt: skip


class _Afresh(BaseException):
    """Ends a check that has to begin anew; no ``except Exception`` of a teacher's."""


def _judged(task: Task, interview: Interview, seed: int, most: int, told: bool) -> Part:
    """The part by the verdicts on its claim at so many inputs."""
    assignment = interview.assignment
    hints = Hints.of(assignment.hints)
    unsure: list[Case] = []
    kinked: list[Case] = []
    untold: list[Case | None] = []

    def judged(verdict: Verdict) -> None:
        if any(verdict.case is one for one in untold):
            return  # open, and no excuse of its own making
        passed = verdict.status is Status.PASS
        coarse = passed and verdict.resolution > COARSEST
        if verdict.case is not None and (coarse or verdict.status is Status.UNDECIDED):
            unsure.append(verdict.case)
        beside = isinstance(task.claim, Identity) and verdict.cause in _BESIDE
        if verdict.case is not None and ((passed and verdict.kinks) or beside):
            kinked.append(verdict.case)

    rounding = Rounding(task.claim, interview.precision)
    probed = False

    def excused(verdict: Verdict) -> Verdict | None:
        nonlocal probed
        if not probed:
            # Before anything is made of a failure: what rounds on its way is judged afresh.
            probed = True
            if not interview.precision.is_single and is_rough(interview, interview.sample):
                interview.precision.rough = True
                raise _Afresh
        lost = rounding.at(verdict.case)
        if not has_lost_digits(task.claim, verdict, lost):
            if lost is IN_DOUBLE or not is_untold_in_single(task.claim, verdict):
                return None
            untold.append(verdict.case)
            return replace(verdict, status=Status.UNDECIDED, cause="coarse", title="")
        # The engine bounds how far a rule of a narrow type is off, and not the sides of an
        # identity: these hold as closely as single precision can tell.
        if isinstance(task.claim, Identity):
            size = size_of(verdict)
            seen = lost.of(size) / size
            return replace(verdict, status=Status.PASS, cause="", title="", resolution=seen)
        return replace(verdict, status=Status.UNDECIDED, cause="coarse", title="")

    def check(seeds: list[int], most: int) -> Checked:
        try:
            found = _checked(assignment, task, seeds, most, hints, judged, excused, told, rounding)
        except _Afresh:
            return afresh(seeds, most)
        if rounding.was_single and not interview.precision.is_single:
            # Some answers were taken for what later ones show that they are not.
            return afresh(seeds, most)
        return found

    def afresh(seeds: list[int], most: int) -> Checked:
        unsure.clear()
        kinked.clear()
        rounding.was_single = False
        return check(seeds, most)

    checked = check([seed], most)
    precision = interview.precision
    failed = checked.record.status == str(Status.FAIL)
    doubtful = checked.record.status != str(Status.PASS) or checked.record.undecided > 0
    if (doubtful and precision.is_hidden) or (
        failed and not precision.is_single and is_rough(interview, interview.sample)
    ):
        precision.rough = True
        checked = afresh([seed], most)
    inputs, undecided = checked.record.inputs, checked.record.undecided
    if checked.record.status == str(Status.UNDECIDED) or _doubt(checked, interview):
        checked = check([seed, FRESH], FRESH)
        inputs += checked.record.inputs
        undecided += checked.record.undecided
    doubt = unlike = ""
    if checked.record.status == str(Status.PASS) and isinstance(task.claim, Rule):
        entropy = [zlib.crc32(task.name.encode()), seed]
        with installed((assignment.folder / FOLDER).absolute()):
            rng = np.random.default_rng(entropy)
            unlike = unlike_their_sum(task.claim, rng, rounding.at)
    if checked.record.status == str(Status.PASS) and not unlike:
        doubt = _doubt(checked, interview) or _excused(
            task, interview, unsure, kinked, inputs, rounding
        )
    if not interview.asked:
        made = _failed(task, Outcome.MISSING, "the claim asks nothing of the submission")
    elif unlike:
        made = _failed(task, Outcome.WRONG, unlike)
    elif doubt:
        made = _failed(task, Outcome.NEEDS_TEACHER, doubt)
    elif checked.record.status != str(Status.PASS):
        made = _unearned(task, checked, hints, interview)
    else:
        made = Part(
            task.name, task.title, task.points, task.points, Outcome.PASSED,
            feedback="right", visible=task.visible,
        )  # fmt: skip
    return replace(made, inputs=inputs, undecided=undecided)


def _doubt(checked: Checked, interview: Interview) -> str:
    """Why a pass is not taken for one; empty where it is, or where there is none.

    What a rule does to its own last digits decides how closely it can be looked at. An honest one
    leaves few points open; one that makes noise on purpose could leave open where it is wrong.
    """
    record = checked.record
    if record.status != str(Status.PASS):
        return ""
    most = _MOST_IN_SINGLE if interview.precision.is_single else _MOST_UNDECIDED
    if record.undecided > most * record.inputs:
        of = count(record.inputs, "input")
        open_at = (
            f"right where that could be seen, which it could not at {record.undecided} of {of}"
        )
        return open_at + _SINGLE * interview.precision.is_single
    coarse = record.resolution if record.kind == "identity" else record.finest
    if coarse is not None and coarse > COARSEST:
        return f"no error below {coarse:.0e} would have been seen"
    return ""


def _excused(
    task: Task,
    interview: Interview,
    unsure: list[Case],
    kinked: list[Case],
    inputs: int,
    rounding: Rounding,
) -> str:
    """At how many inputs a pass is wrong but for an excuse of its own making; empty where at none.

    That is noise in its answers, or a kink that nothing but its answer speaks for: it is wrong at
    the point, right beside, and the function looks smooth. A function can have such a kink, so the
    teacher is asked, unless the derivation is declared smooth.
    """
    noisy = jumping = 0
    single = interview.precision.is_single
    with installed((interview.assignment.folder / FOLDER).absolute()):
        for case in filter(rounding.was_jittered, unsure):
            with answered_by(Steady(interview, single=single)):
                verdict = judge_at(task.claim, case, contracts=False, table=False)
            lost = rounding.at(case)
            if is_noise(verdict, lost):
                noisy += lost is IN_DOUBLE or not is_untold_in_single(task.claim, verdict)
        for case in kinked:
            jumping += jumps(task.claim, case, rounding.at(case))
    if not noisy and not jumping:
        return ""
    return f"wrong at {noisy or jumping} of {count(inputs, 'input')}, were it not that " + (
        "its answers there change with the last digits of what it is given"
        if noisy
        else "it is right right beside, and the function might have a kink there"
    )


def _checked(
    assignment: Assignment,
    task: Task,
    seeds: list[int],
    inputs: int,
    hints: Hints,
    judged: Callable[[Verdict], None],
    excused: Callable[[Verdict], Verdict | None],
    told: bool = True,
    bound: Bound | None = None,
) -> Checked:
    profile = Profile("grading", inputs, derandomized=True, database=False, all_seeded=True)
    entropy = [zlib.crc32(task.name.encode()), *seeds]
    own = int(np.random.SeedSequence(entropy).generate_state(1)[0])
    points = functools.partial(placed, task.claim, rng=np.random.default_rng(entropy))
    with installed((assignment.folder / FOLDER).absolute()), bounded_by(bound):
        return check_claim(
            task.claim, profile, own, time_limit=_PATIENCE, replay_id=task.origin, hints=hints,
            judged=judged, excused=excused, simplify=told,
            placed=points,
        )  # fmt: skip


def _unearned(task: Task, checked: Checked, hints: Hints, interview: Interview) -> Part:
    record, verdict = checked.record, checked.verdict
    wrong = record.status == str(Status.FAIL)
    outcome = Outcome.WRONG if wrong else Outcome.NEEDS_TEACHER
    reason = record.title or (verdict.reason if verdict is not None else "") or "undecided"
    if verdict is not None and verdict.worst is not None and record.kind != "identity":
        reason = f"{reason}: {describe(verdict)}"
    elif wrong and verdict is not None and verdict.reason:
        # "raises: f: it raises …" says it twice.
        reason = verdict.reason if reason == _RAISES else f"{reason}: {verdict.reason}"
    if not wrong and interview.precision.is_single:
        reason += _SINGLE
    mistakes: list[tuple[str, str]] = []
    if wrong and verdict is not None and hints.shows("where"):
        mistakes = [(one.id, one.title.of(hints.language)) for one in verdict.mistakes]
    made = _failed(task, outcome, reason)
    return replace(made, feedback=record.message, mistakes=tuple(mistakes))
