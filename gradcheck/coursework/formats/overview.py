"""A class at a glance: how many got each part, what went wrong how often, who needs the teacher."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from gradcheck.coursework.formats.disclosure import STATUS, warning
from gradcheck.coursework.formats.text import name, plain
from gradcheck.coursework.results import Graded, Outcome

#: Who made a mistake is listed up to so many; the others are counted.
MOST_LISTED = 12
#: A reason, in a list of many.
_MOST_REASON = 500


@dataclass
class PartCount:
    """How one part went over the class."""

    title: str
    possible: float
    #: How many of each status: ``pass``, ``fail``, ``undecided``, ``error``.
    statuses: Counter[str] = field(default_factory=Counter)
    earned: float = 0.0

    @property
    def submissions(self) -> int:
        """How many had this part."""
        return self.statuses.total()


@dataclass
class MistakeCount:
    """A named mistake: whose, by position in the class, and how often in which part."""

    title: str
    submissions: dict[int, str] = field(default_factory=dict)
    parts: Counter[str] = field(default_factory=Counter)


@dataclass
class Waiting:
    """The submission at ``position`` in the class, and its parts that need the teacher: why."""

    position: int
    submission: str
    parts: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Overview:
    """What a teacher wants to know of a class first; every text is ``plain``."""

    assignment: str
    submissions: int
    mean: float
    median: float
    possible: float
    #: In the order of the assignment.
    parts: list[PartCount]
    #: The most frequent first: what to explain next lecture.
    mistakes: list[MistakeCount]
    #: Parts that are wrong without a mistake that has a name.
    unnamed: int
    waiting: list[Waiting]
    #: How many submissions ended each way beyond right and wrong: crashed, timed out, ….
    troubles: Counter[str]
    warning: str


def overview(graded: Sequence[Graded]) -> Overview:
    """The class as a whole; a mistake that one student makes in three parts is made once."""
    parts: dict[tuple[str, str], PartCount] = {}
    mistakes: dict[str, MistakeCount] = {}
    waiting: dict[int, Waiting] = {}
    troubles: Counter[str] = Counter()
    unnamed = 0
    for position, one in enumerate(graded):
        who = name(one.submission)
        for part in one.parts:
            counted = parts.setdefault(
                (one.assignment, part.name), PartCount(name(part.title), part.possible)
            )
            counted.statuses[STATUS[part.outcome]] += 1
            counted.earned += part.earned
            if part.outcome is Outcome.NEEDS_TEACHER:
                waits = waiting.setdefault(position, Waiting(position, who))
                waits.parts.append((name(part.title), plain(part.reason, _MOST_REASON)))
            if part.mistakes and part.outcome is not Outcome.PASSED:
                key, title = part.mistakes[0]  # the others are what it might be instead
                made = mistakes.setdefault(key, MistakeCount(name(title)))
                made.submissions[position] = who
                made.parts[name(part.title)] += 1
            elif part.outcome is Outcome.WRONG:
                unnamed += 1
        troubles.update({str(p.outcome) for p in one.parts if STATUS[p.outcome] == "error"})
    earned = [one.earned for one in graded] or [0.0]
    return Overview(
        assignment=", ".join(dict.fromkeys(name(one.assignment) for one in graded)),
        submissions=len(graded),
        mean=statistics.fmean(earned),
        median=statistics.median(earned),
        possible=max((one.possible for one in graded), default=0.0),
        parts=list(parts.values()),
        mistakes=sorted(mistakes.values(), key=lambda made: (-len(made.submissions), made.title)),
        unnamed=unnamed,
        waiting=list(waiting.values()),
        troubles=troubles,
        warning=warning(graded),
    )
