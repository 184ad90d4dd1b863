"""What a student is told of a result: the one place that decides it, for every format.

Teachers' words (``reason``), the names of mistakes beyond the hint level, and the seed are not
here at all, so that no format can let them slip. Of a hidden part there is the outcome and points.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck.coursework.formats.text import MOST_TEXT, name, plain
from gradcheck.coursework.results import Graded, Outcome, Part

#: What an outcome means, for the student.
EXPLAINED = {
    Outcome.PASSED: "Right.",
    Outcome.WRONG: "Not right.",
    Outcome.NEEDS_TEACHER: "This could not be decided automatically: a teacher will look at it. "
    "Until then it counts neither as right nor as wrong.",
    Outcome.MISSING: "Nothing of this name is in the submission, or it could not be loaded.",
    Outcome.CRASHED: "The process that ran your code ended before it had answered.",
    Outcome.TIMED_OUT: "Your code took more time than it has.",
    Outcome.OVER_LIMIT: "Your code used more memory, processor time, disk space or processes than "
    "it has.",
    Outcome.BROKEN_PROTOCOL: "What your code gave back is no answer to what was asked for.",
    Outcome.NOT_ALLOWED: "This is done in a way that the assignment does not allow.",
}
#: How the four kinds of outcome are shown; the words of a run's own statuses.
STATUS = {
    Outcome.PASSED: "pass",
    Outcome.WRONG: "fail",
    Outcome.NOT_ALLOWED: "fail",
    Outcome.NEEDS_TEACHER: "undecided",
    Outcome.MISSING: "error",
    Outcome.CRASHED: "error",
    Outcome.TIMED_OUT: "error",
    Outcome.OVER_LIMIT: "error",
    Outcome.BROKEN_PROTOCOL: "error",
}
#: Remarks about a whole submission: at most so many.
_MOST_NOTES = 50
#: The values of ``Graded.isolation`` that are one; of any other, nothing is promised.
_ISOLATED = ("bubblewrap", "separate user")


@dataclass(frozen=True)
class Told:
    """One part as its student may see it; every text is ``plain``."""

    title: str
    possible: float
    earned: float
    outcome: Outcome
    #: What the outcome means, and what the assignment's hint level says beyond it.
    explained: str
    feedback: str = ""
    output: str = ""
    remarks: tuple[str, ...] = ()
    file: str = ""
    line: int = 0
    hidden: bool = False

    @property
    def status(self) -> str:
        """``pass``, ``fail``, ``undecided`` or ``error``."""
        return STATUS[self.outcome]

    @property
    def said(self) -> str:
        """The feedback, or what the outcome means where there is none; and the remarks."""
        return "\n".join([self.feedback or self.explained, *self.remarks])

    @property
    def says_more(self) -> bool:
        """Whether there is more to show of it than that it is right."""
        return self.status != "pass" or bool(self.feedback or self.output or self.remarks)


@dataclass(frozen=True)
class Disclosed:
    """One submission as its student may see it; every text is ``plain``."""

    assignment: str
    submission: str
    earned: float
    possible: float
    needs_teacher: bool
    #: A warning where the submission was not kept apart from the grader; empty where it was.
    warning: str
    versions: dict[str, str]
    notes: tuple[str, ...]
    parts: tuple[Told, ...]


def disclosed(graded: Graded, most: int = MOST_TEXT) -> Disclosed:
    """What a student is told, with texts of at most ``most`` characters."""
    titles = Counter(part.title for part in graded.parts)
    return Disclosed(
        assignment=name(graded.assignment),
        submission=name(graded.submission),
        earned=graded.earned,
        possible=graded.possible,
        needs_teacher=graded.needs_teacher,
        warning=warning([graded]),
        versions={name(what): name(which) for what, which in graded.versions.items()},
        notes=notes(graded, most),
        parts=tuple(_told(part, titles[part.title] > 1, most) for part in graded.parts),
    )


def notes(graded: Graded, most: int = MOST_TEXT) -> tuple[str, ...]:
    """The remarks about the whole, a bounded number of them."""
    shown = [plain(note, most) for note in graded.notes[:_MOST_NOTES]]
    if len(graded.notes) > _MOST_NOTES:
        shown.append(f"… and {len(graded.notes) - _MOST_NOTES} remarks more")
    return tuple(shown)


def warning(graded: Sequence[Graded]) -> str:
    """What is to be said where submissions ran without isolation; empty where none did."""
    if all(one.isolation in _ISOLATED for one in graded):
        return ""
    return (
        "Graded without isolation: these marks do not hold against a submission that tampers with "
        "the grader."
    )


def _told(part: Part, shares_title: bool, most: int) -> Told:
    # Readers of some formats take two tests of one name for one.
    title = f"{part.title} ({part.name})" if shares_title else part.title or part.name
    seen = Told(
        title=name(title),
        possible=part.possible,
        earned=part.earned,
        outcome=part.outcome,
        explained=EXPLAINED[part.outcome],
        hidden=not part.visible,
    )
    if seen.hidden:
        return seen
    return Told(
        **{
            **vars(seen),
            "feedback": "" if _says_no_more(part) else plain(part.feedback, most).strip(),
            "output": plain(part.output, most),
            "remarks": tuple(plain(one, most) for one in part.remarks[:_MOST_NOTES]),
            "file": name(part.file),
            "line": part.line,
        }
    )


def _says_no_more(part: Part) -> bool:
    """Whether the feedback is but the outcome in its own words: ``right`` of what passed."""
    known = {str(part.outcome), EXPLAINED[part.outcome].rstrip(".").casefold()}
    return part.feedback[:MOST_TEXT].strip(" .\n").casefold() in known
