"""What the comparison of one claim with its function has shown so far, and to what resolution."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.oracle.layout import Vector
from gradcheck.verdict import Entry

Floats = NDArray[np.float64]

#: The least size of a number that keeps all its digits.
TINY = float(np.finfo(np.float64).tiny)
#: How small an error of one typical entry is sought, relative to it. Agreement to this passes.
SOUGHT = 2.0**-24
#: When what is typical is sought, entries of no more than this share of the largest count as zero:
#: of every entry zeros alone, of the bulk of them small ones as well.
OF_EVERY, OF_BULK = 0.0, SOUGHT
#: A rule that is off by more has lost half of the digits of its numbers, of which there are 52.
LOST = 2.0**-26
#: A case that resolves less than this is undecided.
COARSEST = 1e-3


@dataclass(frozen=True)
class Shares:
    """What a typical entry contributes to a slope: of all that are not zero, and of the bulk."""

    every: Floats
    bulk: Floats

    def at(self, key: Any) -> Shares:
        """Those at some places."""
        return Shares(self.every[key], self.bulk[key])


@dataclass
class Resolved:
    """The finest relative error of a typical entry that would have been seen."""

    #: For each gradient.
    by_gradient: Floats = field(default_factory=lambda: np.full(1, np.inf))
    #: For each typical entry of a claim of entries or tangents.
    by_entry: Floats = field(default_factory=lambda: np.empty(0))
    #: By how much of a typical entry some row was off that the rule's own rounding explains.
    explained: float = 0.0

    @staticmethod
    def of(gradients: int) -> Resolved:
        """Nothing, of so many."""
        return Resolved(np.full(gradients, np.inf))

    def record(self, limit: Floats, shares: Floats) -> None:
        """Note agreements to ``limit``, shape ``(T,)``; ``shares`` as typical entries contribute.

        These are of shape ``(T, L)``, for each gradient.
        """
        # Less than what is sought is not looked for.
        seen = np.where(shares > 0, np.maximum(limit[:, None] / shares, SOUGHT), np.inf)
        # A gradient that is zero throughout agrees as well as is sought.
        seen[~shares.any(axis=1)] = SOUGHT
        self.by_gradient = np.minimum(self.by_gradient, seen.min(axis=0))

    def record_entries(self, found: Floats, gradients: NDArray[np.intp]) -> None:
        """Note to what share of itself each typical entry was seen, each of one of the gradients.

        One of which there is none is zero throughout: it agrees as well as is sought.
        """
        self.by_entry = np.minimum(found, self.by_entry) if self.by_entry.size else found
        known = np.isfinite(self.by_entry)
        for number in range(self.by_gradient.size):
            of_it = gradients == number
            if (of_it & known).any():
                self.by_gradient[number] = self.by_entry[of_it & known].max()
            elif not of_it.any():
                self.by_gradient[number] = min(self.by_gradient[number], SOUGHT)

    def merge(self, other: Resolved) -> None:
        """Note what was seen elsewhere."""
        self.by_gradient = np.minimum(self.by_gradient, other.by_gradient)

    @property
    def lost(self) -> list[int]:
        """Gradients that are lost in the function's rounding beside others that are not."""
        found = self.by_gradient.tolist()
        if min(found) >= COARSEST:
            return []
        return [number for number, one in enumerate(found) if 1 <= one < np.inf]

    def coarsest(self, lost: list[int]) -> float:
        """The coarsest of the gradients', but for those that are lost, and for zeros."""
        found = enumerate(self.by_gradient.tolist())
        seen = max((r for k, r in found if r < np.inf and k not in lost), default=np.inf)
        return max(seen, self.explained)


@dataclass
class Evidence:
    """What the comparison of one claim with its function has shown so far."""

    #: By what is typical of all entries that are not zero, and of those that are not small beside
    #: the largest. The first is printed; the second has to be resolved, or nothing is decided.
    every: Resolved = field(default_factory=Resolved)
    bulk: Resolved = field(default_factory=Resolved)
    overall: float = np.inf
    #: Whether some outputs round so much that nothing was seen of what is claimed of them.
    hides: bool = False
    #: Whether a claim agrees only with steps for which the function does not move, as one that
    #: rounds to fewer digits does not.
    stands_still: bool = False
    kinks: int = 0
    wrong: Entry | None = None
    #: The cotangent and the input by which the wrong entry was measured.
    by: tuple[Vector, int] | None = None
    table: tuple[Entry, ...] = ()
    probe: tuple[tuple[str, Any], ...] = ()
    quotients: tuple[tuple[float, float], ...] = ()
    title: str = ""
    reason: str = ""
    undecided: str = ""
    #: A disagreement that the rule's own rounding had to explain: its share of what is added up,
    #: the cotangent and the direction. The largest of those by which digits are lost.
    explained: tuple[float, Vector, Vector] | None = None
    claimed: list[float] = field(default_factory=list)
    measured: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)

    def record(self, claimed: Floats, measured: Floats, limit: Floats, shares: Shares) -> None:
        """Note agreements to ``limit``, each of shape ``(T,)`` for so many tests.

        ``shares``, of shapes ``(T, L)``, are what typical entries of each gradient contribute.
        """
        self.claimed += claimed.tolist()
        self.measured += measured.tolist()
        self.errors += limit.tolist()
        self.every.record(limit, shares.every)
        self.bulk.record(limit, shares.bulk)
        size = np.abs(claimed)
        overall = np.where(size > 0, limit / size, SOUGHT)
        self.overall = min(self.overall, float(overall.min()))

    def explain(self, share: float, u: Vector, v: Vector) -> None:
        """Note that a disagreement of such a ``share`` is the rule's own rounding."""
        if share > LOST and (self.explained is None or share > self.explained[0]):
            self.explained = share, u, v

    @property
    def resolution(self) -> float:
        """What is printed."""
        return self.every.coarsest(self.bulk.lost)

    @property
    def decisive(self) -> float:
        """What decides whether anything was seen."""
        return self.bulk.coarsest(self.bulk.lost)
