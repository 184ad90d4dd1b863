"""A run's results as plain data: they cross process borders and become JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass
class Failure:
    """What a failing case has shown; an entry is the fields of ``verdict.Entry`` and its label."""

    #: The dims found, and the case as an expression that evaluates to it.
    sizes: dict[str, Any] = field(default_factory=dict)
    case: str = ""
    #: The entries of the smallest case, and of the case at which the failure was met.
    entries: list[dict[str, Any]] = field(default_factory=list)
    met: list[dict[str, Any]] = field(default_factory=list)
    worst: dict[str, Any] | None = None
    #: An entry of the case that was met, and its difference quotients: see ``Verdict.quotients``.
    measured: dict[str, Any] | None = None
    quotients: list[list[float]] = field(default_factory=list)
    #: The expressions of a chain with their values, and the number of the ``=`` that breaks.
    chain: list[list[Any]] = field(default_factory=list)
    broken: int = 0
    #: The command that judges the case again, and a script that does.
    replay: str = ""
    reproducer: str = ""


@dataclass
class Record:
    """What checking one claim came to."""

    claim: str
    kind: str
    status: str
    file: str = ""
    line: int = 0
    #: The text of the rule, what its author says of it, and of the function it is about.
    source: str = ""
    docstring: str = ""
    about: str = ""
    #: Points judged, of them set aside, undecided, and those on which the claim says nothing.
    inputs: int = 0
    set_aside: dict[str, int] = field(default_factory=dict)
    undecided: int = 0
    silent: int = 0
    #: The coarsest resolution of a case that shows typical entries, and the finest of all.
    resolution: float | None = None
    finest: float | None = None
    largest_discrepancy: float | None = None
    kinks: int = 0
    uncovered: int = 0
    evaluations: int = 0
    calls: int = 0
    seed: int = 0
    title: str = ""
    message: str = ""
    notes: list[str] = field(default_factory=list)
    #: The mistakes that were named, the best first: see ``Mistake.as_dict``.
    mistakes: list[dict[str, Any]] = field(default_factory=list)
    #: Inputs of the derivation about which no claim says anything.
    unclaimed: list[str] = field(default_factory=list)
    failure: Failure | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Record:
        """The inverse of ``as_dict``; unknown names are left out."""
        failure = data.get("failure")
        made = cls(**_known(cls, data))
        made.failure = Failure(**_known(Failure, failure)) if failure else None
        return made


@dataclass
class Problem:
    """What could not be checked, and why."""

    claim: str
    file: str
    line: int
    message: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def _known(kind: type, data: dict[str, Any]) -> dict[str, Any]:
    names = {f.name for f in fields(kind)}
    return {name: value for name, value in data.items() if name in names}


def summary(records: list[Record], language: str = "en") -> str:
    """One sentence over a run: claims, inputs, the coarsest resolution, and what was not judged."""
    if language == "zh":
        return _zh_summary(records)
    inputs = sum(record.inputs for record in records)
    resolutions = [r.resolution for r in records if r.resolution is not None]
    parts = [f"{count(len(records), 'claim')} checked on {count(inputs, 'input')}"]
    if resolutions:
        parts.append(f"coarsest resolution {max(resolutions):.0e}")
    parts.append(f"{count(sum(r.kinks for r in records), 'entry', 'entries')} on kinks")
    parts.append(f"{count(sum(r.undecided for r in records), 'input')} undecided")
    parts.append(f"{sum(r.uncovered for r in records)} not covered")
    aside = sum(sum(r.set_aside.values()) for r in records)
    if aside:
        parts.append(f"{count(aside, 'input')} set aside")
    return ", ".join(parts)


def closing(records: list[Record], failed: int, language: str = "en") -> str:
    """The summary with how much failed: the last line of a run."""
    if language == "zh":
        return f"{summary(records, language)}：{failed} 项未通过"
    return f"{summary(records)}: {count(failed, 'failure')}"


def _zh_summary(records: list[Record]) -> str:
    resolutions = [r.resolution for r in records if r.resolution is not None]
    aside = sum(sum(r.set_aside.values()) for r in records)
    return "，".join(
        [
            f"检查了 {len(records)} 项声明，共 {sum(r.inputs for r in records)} 个输入",
            *([f"最粗的分辨率 {max(resolutions):.0e}"] if resolutions else []),
            f"{sum(r.kinks for r in records)} 个元素在折点上",
            f"{sum(r.undecided for r in records)} 个输入无法判定",
            f"{sum(r.uncovered for r in records)} 个元素未涉及",
            *([f"{aside} 个输入被搁置"] if aside else []),
        ]
    )


def remarks(record: Record, language: str = "en") -> list[str]:
    """What a reader has to know of a claim beside its status, a line each."""
    if language == "zh":
        lines = [f"没有任何声明涉及 {name}" for name in record.unclaimed]
        lines += [f"注：{record.claim}：{note}" for note in record.notes]
        if record.set_aside and not record.message:
            lines.append(
                f"注：{record.claim}：{record.inputs} 个输入中有 "
                f"{sum(record.set_aside.values())} 个被搁置（{', '.join(record.set_aside)}）"
            )
        return lines
    lines = [f"no claim says anything about {name}" for name in record.unclaimed]
    lines += [f"note: {record.claim}: {note}" for note in record.notes]
    if record.set_aside and not record.message:
        lines.append(
            f"note: {record.claim}: {sum(record.set_aside.values())} of "
            f"{count(record.inputs, 'input')} set aside ({', '.join(record.set_aside)})"
        )
    return lines


def count(number: int, singular: str, plural: str | None = None) -> str:
    """``"1 claim"``, ``"2 claims"``."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
