"""Whether an assignment is sound: who earns what, and whether bugs cost what they should.

Bugs are planted in the solution, one token at a time. Which parts a bug touches is found by
comparing the answers of the two functions, without any difference quotient and in this process,
since the solution is the teacher's; what it costs is found by grading it as any submission.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from gradcheck.claims import Identity, Rule
from gradcheck.coursework import units
from gradcheck.coursework.assignment import Assignment, Task
from gradcheck.coursework.classroom import Run
from gradcheck.coursework.own_folder import FILES
from gradcheck.coursework.reading import MODULE, Unreadable, read
from gradcheck.coursework.results import Graded, Outcome
from gradcheck.coursework.roster import Entry
from gradcheck.coursework.submitted import Submitted, answered_by, trials_of
from gradcheck.coursework.writing import SOLUTION, STARTER
from gradcheck.errors import InputError
from gradcheck.mutation.comparison import Point, answer_of, points, sides_of
from gradcheck.returned import SetAside, Violation
from gradcheck.sampling import Sampler
from gradcheck.source_edits import edits
from gradcheck.source_trees import Edit

#: How many bugs are planted, spread over the functions of the solution.
BUGS = 12
#: Points at which answers are compared.
_POINTS = 42
#: Answers that differ by less of their size are not told apart by a check either, those that differ
#: by more are; a bug between the two is not used.
_SAME, _DIFFERENT = 1e-12, 1e-4


@dataclass(frozen=True)
class Bug:
    """One planted bug: the line of the solution before and after, and what it touches."""

    line: int
    before: str
    after: str
    source: str
    touches: frozenset[str]

    def __str__(self) -> str:
        return f"line {self.line}: {self.before.strip()}  →  {self.after.strip()}"


@dataclass
class Soundness:
    """What is wrong with an assignment, if anything, and how many bugs were planted."""

    problems: list[str] = field(default_factory=list)
    bugs: int = 0
    solution: Graded | None = None
    starter: Graded | None = None


def verify(
    folder: Path, *, bugs: int = BUGS, jobs: int = 1, unsafe: bool = False,
    told: Callable[[str], None] = lambda text: None,
) -> Soundness:  # fmt: skip
    """Prove an assignment sound; raises ``InputError`` where something of it is missing."""
    assignment = Assignment.load(folder)
    solution, starter = _file(folder, SOLUTION), _file(folder, STARTER)
    found = Soundness()
    planted = list(_planted(assignment, solution, bugs))
    found.bugs = len(planted)
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        entries = [Entry(SOLUTION, solution), Entry(STARTER, starter)]
        for number, bug in enumerate(planted):
            path = top / f"bug-{number + 1}.py"
            path.write_text(bug.source, encoding="utf-8")
            entries.append(Entry(path.stem, path))
        run = Run(assignment, top / "grades", jobs=jobs, unsafe=unsafe,
                  heard=lambda graded: told(_line(graded)))  # fmt: skip
        right, empty, *wrong = run.grade(entries)
    found.solution, found.starter = right, empty
    lost_anyway = {part.name for part in right.parts if part.outcome is not Outcome.PASSED}
    for part in right.parts:
        if part.name in lost_anyway:
            found.problems.append(f"the solution loses {part.name}: {part.outcome}: {part.reason}")
    for part in empty.parts:
        if part.earned or part.outcome is Outcome.NEEDS_TEACHER:
            found.problems.append(f"the starter gets {part.name}: {part.outcome}")
    for bug, graded in zip(planted, wrong, strict=True):
        for part in graded.parts:
            lost = part.outcome is not Outcome.PASSED
            if lost and part.name not in bug.touches | lost_anyway:
                found.problems.append(f"{bug}: costs {part.name}, which it does not touch")
            if not lost and part.name in bug.touches:
                found.problems.append(f"{bug}: touches {part.name}, which keeps its marks")
    if bugs and not planted:
        found.problems.append("no bug could be planted in the solution: is it one Python file?")
    return found


def _line(graded: Graded) -> str:
    return f"{graded.earned:g}/{graded.possible:g}  {graded.submission}"


def _file(folder: Path, part: str) -> Path:
    for name in FILES:
        if (folder / part / name).is_file():
            return folder / part / name
    raise InputError(f"{folder}: there is no {part}/{FILES[0]}, without which nothing is proved")


# ---- bugs ----------------------------------------------------------------------------------------


def _planted(assignment: Assignment, solution: Path, most: int) -> Iterator[Bug]:
    """Bugs in turn from each function that is asked for, the first of each before any second."""
    if solution.suffix != ".py" or not most:
        return
    module = _module(solution)
    lines = solution.read_text(encoding="utf-8").splitlines(keepends=True)
    right = _Local(assignment, module)
    expected = {task.name: _answers(task, right) for task in assignment.tasks}
    left = [list(_spread(edits(function))) for function in _functions(assignment, module)]
    seen: set[str] = set()
    made = 0
    while any(left) and made < most:
        for one in left:
            while one and made < most:
                edit = one.pop(0)
                bug = _bug(assignment, edit, lines, expected)
                if bug is not None and bug.source not in seen:
                    seen.add(bug.source)
                    made += 1
                    yield bug
                    break


def _spread(found: Sequence[Edit]) -> Iterator[Edit]:
    """The edits in an order in which the first few are of different kinds."""
    kinds: dict[str, list[Edit]] = {}
    for edit in found:
        kinds.setdefault(edit.kind, []).append(edit)
    while kinds:
        for kind in list(kinds):
            yield kinds[kind].pop(len(kinds[kind]) // 2)
            if not kinds[kind]:
                del kinds[kind]


def _functions(assignment: Assignment, module: ModuleType) -> list[Any]:
    found: dict[str, Any] = {}
    for one in assignment.asked:
        for name in one.names:
            value: Any = getattr(module, name, None)
            for function in vars(value).values() if isinstance(value, type) else (value,):
                if isinstance(function, FunctionType):
                    found.setdefault(f"{name}.{function.__name__}", function)
    return list(found.values())


def _bug(
    assignment: Assignment, edit: Edit, lines: list[str], expected: dict[str, list[Any]]
) -> Bug | None:
    """The bug that an edit makes; None where it changes nothing clearly, or no single line."""
    old = lines[edit.line - 1]
    if old.strip() != edit.before.strip():
        return None
    indent = old[: len(old) - len(old.lstrip())]
    changed = [*lines]
    changed[edit.line - 1] = f"{indent}{edit.after.strip()}\n"
    source = "".join(changed)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / FILES[0]
        path.write_text(source, encoding="utf-8")
        try:
            wrong = _Local(assignment, _module(path))
        except InputError:
            return None
        touches = set()
        for task in assignment.tasks:
            apart = _apart(expected[task.name], _answers(task, wrong))
            if _SAME < apart < _DIFFERENT:
                return None
            if apart >= _DIFFERENT:
                touches.add(task.name)
    if not touches:
        return None
    return Bug(edit.line, edit.before, edit.after, source, frozenset(touches))


def _module(path: Path) -> ModuleType:
    sys.modules.pop(MODULE, None)
    try:
        return read(path).module
    except Unreadable as error:
        raise InputError(str(error)) from None


class _Local:
    """Answers from a module in this process: the teacher's own."""

    def __init__(self, assignment: Assignment, module: ModuleType) -> None:
        self.units: dict[int, Any] = {}
        for one in assignment.asked:
            trials = trials_of(one) if one.derivation is not None else ()
            try:
                wanted = units.Wanted(**one.wanted())
                self.units[id(one)] = units.found(module, wanted, trials)
            except units.Missing:
                self.units[id(one)] = None

    def ask(self, submitted: Submitted, calls: Sequence[tuple[Any, ...]], size: int) -> list[Any]:
        """As of a submission that is being graded."""
        return [submitted.at_home(self.units[id(submitted)], call) for call in calls]


def _answers(task: Task, respondent: _Local) -> list[Any]:
    """What a part's claim answers at some points; None where it has no answer."""
    sampler = Sampler(task.claim)
    found: list[Any] = []
    with answered_by(respondent), np.errstate(all="ignore"):
        for point, _ in zip(points(sampler), range(_POINTS), strict=False):
            try:
                found.append(_answer(task.claim, point))
            except (SetAside, Violation):
                found.append(None)
            except Exception:
                found.append(None)
    return found


def _answer(claim: Rule | Identity, point: Point) -> Any:
    if isinstance(claim, Identity):
        return np.concatenate([np.ravel(side) for side in sides_of(claim, point)])
    return answer_of(claim, point)


def _apart(right: Sequence[Any], wrong: Sequence[Any]) -> float:
    """The largest difference, relative to the size of the answers; infinite without an answer."""
    largest = 0.0
    for a, b in zip(right, wrong, strict=True):
        if a is None:
            continue
        if b is None or np.shape(a) != np.shape(b) or not np.all(np.isfinite(b)):
            return np.inf
        size = max(np.max(np.abs(a), initial=0.0), np.max(np.abs(b), initial=0.0))
        if size > 0:
            largest = max(largest, float(np.max(np.abs(np.subtract(a, b))) / size))
    return largest
