"""A run's results as plain data: they cross process borders and become JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass
class Record:
    """What checking one claim came to."""

    claim: str
    kind: str
    status: str
    file: str = ""
    line: int = 0
    #: Points judged, of them set aside, undecided, and those on which the claim says nothing.
    inputs: int = 0
    set_aside: dict[str, int] = field(default_factory=dict)
    undecided: int = 0
    silent: int = 0
    #: The coarsest resolution of a decided case, and the finest.
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

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Record:
        """The inverse of ``as_dict``; unknown names are left out."""
        known = {f.name for f in fields(cls)}
        return cls(**{name: value for name, value in data.items() if name in known})


def summary(records: list[Record]) -> str:
    """One sentence over a run: claims, inputs, the coarsest resolution, and what was not judged."""
    inputs = sum(record.inputs for record in records)
    resolutions = [r.resolution for r in records if r.resolution is not None]
    parts = [f"{count(len(records), 'claim')} checked on {count(inputs, 'input')}"]
    if resolutions:
        parts.append(f"coarsest resolution {max(resolutions):.0e}")
    parts.append(f"{count(sum(r.kinks for r in records), 'entry', 'entries')} on kinks")
    parts.append(f"{sum(r.undecided for r in records)} undecided")
    parts.append(f"{sum(r.uncovered for r in records)} not covered")
    aside = sum(sum(r.set_aside.values()) for r in records)
    if aside:
        parts.append(f"{count(aside, 'input')} set aside")
    return ", ".join(parts)


def remarks(record: Record) -> list[str]:
    """What a reader has to know of a claim beside its status, a line each."""
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
