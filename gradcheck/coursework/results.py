"""What grading came to, as plain data: the source of every format in which marks are given out."""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass, field
from typing import Any

#: Raised whenever a field changes its meaning.
RESULTS_VERSION = 1


class Outcome(enum.Enum):
    """How one part of an assignment ended; only ``PASSED`` earns its points."""

    PASSED = "passed"
    WRONG = "wrong"  #: a verdict with an entry to show for it, or a broken contract
    NEEDS_TEACHER = "needs the teacher"  #: undecided after every fresh point: neither 0 nor full
    MISSING = "missing"  #: nothing of that name in the submission, or it could not be loaded
    CRASHED = "crashed"  #: the process that ran the submission ended
    TIMED_OUT = "timed out"
    OVER_LIMIT = "over a limit"  #: memory, processor time, disk, processes
    BROKEN_PROTOCOL = "broken protocol"  #: an answer that is not what was asked for
    NOT_ALLOWED = "not allowed"  #: right perhaps, but by a way that the assignment forbids

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Part:
    """What one part of one submission came to.

    Text in ``reason``, ``feedback`` and ``output`` may hold anything a submission made up:
    whoever writes a format escapes it there.
    """

    #: Unique within the assignment: ``"backward · dW"``; and as a title for people.
    name: str
    title: str
    possible: float
    earned: float
    outcome: Outcome
    #: One line for the teacher, and what the student is told, at the assignment's hint level.
    reason: str = ""
    feedback: str = ""
    #: The ids and titles of the named mistakes, the best first.
    mistakes: tuple[tuple[str, str], ...] = ()
    #: Whether the student sees which cases were tried; hidden parts give outcome and points alone.
    visible: bool = True
    #: What the submission printed on visible cases, bounded.
    output: str = ""
    #: What it did on visible cases that costs nothing, such as changing an argument in place.
    remarks: tuple[str, ...] = ()
    #: Where the rule stands in the submission, if that is known.
    file: str = ""
    line: int = 0
    #: Points at which it was judged, and those of them that were undecided.
    inputs: int = 0
    undecided: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Graded:
    """One submission with every part that was expected, none absent."""

    assignment: str
    submission: str
    seed: int
    #: gradcheck, numpy and Python by name; with the seed they decide the marks.
    versions: dict[str, str]
    #: How it was kept apart: ``"bubblewrap"``, ``"separate user"``, ``"none (unsafe)"``.
    isolation: str
    parts: tuple[Part, ...]
    #: Remarks about the whole: files that were ignored, how a layer is read, other names.
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    version: int = field(default=RESULTS_VERSION)

    @property
    def earned(self) -> float:
        """The sum over its parts."""
        return sum(part.earned for part in self.parts)

    @property
    def possible(self) -> float:
        """The sum over its parts."""
        return sum(part.possible for part in self.parts)

    @property
    def needs_teacher(self) -> bool:
        """Whether a part was undecided."""
        return any(part.outcome is Outcome.NEEDS_TEACHER for part in self.parts)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        data = asdict(self)
        for part, made in zip(self.parts, data["parts"], strict=True):
            made["outcome"] = part.outcome.value
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Graded:
        """The inverse of ``as_dict``."""
        parts = tuple(
            Part(
                **{
                    **part,
                    "outcome": Outcome(part["outcome"]),
                    "mistakes": tuple((key, title) for key, title in part["mistakes"]),
                    "remarks": tuple(part.get("remarks", ())),
                }
            )
            for part in data["parts"]
        )
        return cls(**{**data, "parts": parts, "notes": tuple(data["notes"])})
