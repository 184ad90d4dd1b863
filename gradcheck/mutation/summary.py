"""What became of the mutants, as data and as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from gradcheck.records import count
from gradcheck.report.figures import place

#: The version of the JSON that ``as_dict`` makes.
SCHEMA = 1
_OUTCOMES = ("killed", "survived", "equivalent")
#: Ways to be killed that name no wrong entry, and so are counted apart.
_NOT_ACCUSED = ("undecided", "too slow", "does not end", "ends the process")


@dataclass(frozen=True)
class Tried:
    """One mutant: what was planted where, and what became of it."""

    claim: str
    kind: str
    file: str
    line: int
    before: str
    after: str
    #: ``"killed"``, ``"survived"``, ``"equivalent"``, or ``"error"`` where gradcheck failed.
    outcome: str
    how: str
    compared: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Claim:
    """A claim, how many mutants it has, and why it has none."""

    name: str
    mutants: int
    problem: str = ""


@dataclass
class Report:
    """Some claims and what became of their mutants."""

    seed: int
    inputs: int
    claims: list[Claim] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)
    #: All that there are; fewer may have been tried.
    mutants: int = 0

    def counts(self) -> Counter[str]:
        """How many there are of each outcome."""
        return Counter(one.outcome for one in self.tried)

    @property
    def score(self) -> float | None:
        """The share of killed mutants among those that are not equivalent; None without any."""
        counts = self.counts()
        judged = counts["killed"] + counts["survived"]
        return counts["killed"] / judged if judged else None

    @property
    def problems(self) -> list[str]:
        """Claims without mutants, and mutants on which gradcheck failed, and why."""
        return [f"{claim.name}: {claim.problem}" for claim in self.claims if claim.problem] + [
            f"{one.claim}: {one.before} → {one.after}: gradcheck itself failed; please report "
            f"this:\n{one.how}"
            for one in self.tried
            if one.outcome == "error"
        ]

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "schema": SCHEMA,
            "score": self.score,
            **{outcome: self.counts()[outcome] for outcome in _OUTCOMES},
            "mutants": self.mutants,
            "seed": self.seed,
            "inputs": self.inputs,
            "claims": [asdict(claim) for claim in self.claims],
            "tried": [asdict(one) for one in self.tried],
        }

    def lines(self) -> Iterator[str]:
        """The report as text."""
        for claim in self.claims:
            tried = [one for one in self.tried if one.claim == claim.name]
            if tried:
                yield f"{claim.name}  {_told(Counter(one.outcome for one in tried))}"
        for one in self.tried:
            if one.outcome == "survived":
                yield from ("", *_survivor(one))
        if self.tried:
            yield from ("", *_table([(one.kind, one) for one in self.tried]))
        by_file = [(one.claim.rpartition("::")[0], one) for one in self.tried]
        if len({file for file, _ in by_file}) > 1:
            yield from ("", *_table(by_file))
        yield ""
        yield from self._remarks()
        yield self.sentence()

    def sentence(self) -> str:
        """What it came to, in one sentence."""
        tried = count(len(self.tried), "mutant")
        if len(self.tried) < self.mutants:
            tried += f" of {self.mutants}"
        if len(self.tried) < sum(claim.mutants for claim in self.claims if not claim.problem):
            tried += f", drawn by seed {self.seed}"
        score = "nothing to score" if self.score is None else f"score {self.score:.4f}"
        return f"{tried}: {_told(self.counts())}: {score}"

    def _remarks(self) -> Iterator[str]:
        for how in _NOT_ACCUSED:
            number = sum(one.outcome == "killed" and one.how == how for one in self.tried)
            if number:
                yield f"note: {number} of the killed: {how}"
        compared = [one.compared for one in self.tried if one.outcome == "equivalent"]
        if compared:
            yield (
                "note: what is equivalent agrees with the original to rounding at all inputs that "
                f"were tried, {min(compared)} or more"
            )


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in _OUTCOMES)


def _survivor(one: Tried) -> list[str]:
    return [
        f"SURVIVED  {place(one.file, one.line)}: {one.kind}, in {one.claim.rpartition('::')[2]}",
        f"  - {one.before}",
        f"  + {one.after}",
        f"  {one.how}",
    ]


def _table(tried: list[tuple[str, Tried]]) -> list[str]:
    """The outcomes by kind, or by file."""
    heads = sorted({head for head, _ in tried})
    width = max(len(head) for head in heads)
    rows = [f"{'':<{width}}  {'killed':>8} {'survived':>8} {'equivalent':>10}"]
    for head in heads:
        counts = Counter(one.outcome for name, one in tried if name == head)
        rows.append(
            f"{head:<{width}}  {counts['killed']:>8} {counts['survived']:>8} "
            f"{counts['equivalent']:>10}"
        )
    return rows
