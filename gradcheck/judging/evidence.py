"""What the comparison of one claim with its function has shown so far, and to what resolution."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.oracle.layout import Vector
from gradcheck.verdict import Entry

Floats = NDArray[np.float64]

#: How small an error of one typical entry is sought, relative to it. Agreement to this passes.
SOUGHT = 2.0**-24
#: What is smaller than this beside the largest counts as zero when what is typical is sought.
NEGLIGIBLE = 2.0**-52
#: A case that resolves less than this is undecided.
COARSEST = 1e-3


@dataclass
class Evidence:
    """What the comparison of one claim with its function has shown so far."""

    #: For each gradient, the finest relative error of a typical entry that would have been seen.
    by_gradient: Floats = field(default_factory=lambda: np.full(1, np.inf))
    overall: float = np.inf
    #: The same for each typical entry of a claim of entries or tangents.
    by_entry: Floats = field(default_factory=lambda: np.empty(0))
    #: By how much of a typical entry some row was off that the rule's own rounding explains.
    explained: float = 0.0
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
    claimed: list[float] = field(default_factory=list)
    measured: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)

    def record(self, claimed: Floats, measured: Floats, limit: Floats, shares: Floats) -> None:
        """Note agreements to ``limit``, each of shape ``(T,)`` for so many tests.

        ``shares`` of shape ``(T, L)`` are what typical entries of each gradient contribute.
        """
        self.claimed += claimed.tolist()
        self.measured += measured.tolist()
        self.errors += limit.tolist()
        # Less than what is sought is not looked for.
        seen = np.where(shares > 0, np.maximum(limit[:, None] / shares, SOUGHT), np.inf)
        # A gradient that is zero throughout agrees as well as is sought.
        seen[~shares.any(axis=1)] = SOUGHT
        self.by_gradient = np.minimum(self.by_gradient, seen.min(axis=0))
        size = np.abs(claimed)
        overall = np.where(size > 0, limit / size, SOUGHT)
        self.overall = min(self.overall, float(overall.min()))

    @property
    def lost(self) -> list[int]:
        """Gradients that are lost in the function's rounding beside others that are not."""
        found = self.by_gradient.tolist()
        if min(found) >= COARSEST:
            return []
        return [number for number, one in enumerate(found) if 1 <= one < np.inf]

    @property
    def resolution(self) -> float:
        """The coarsest of the gradients', but for those that are lost, and for zeros."""
        lost = self.lost
        found = enumerate(self.by_gradient.tolist())
        seen = max((r for k, r in found if r < np.inf and k not in lost), default=np.inf)
        return max(seen, self.explained)
