"""What a judgement works with: the claim at its point, and what the comparison has shown so far."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.dims import Bindings
from gradcheck.evaluation import Claim, SetAside, Subject, Violation, claim_at
from gradcheck.oracle import rounding
from gradcheck.oracle.directions import finish, magnitudes, scales
from gradcheck.oracle.ladder import SINGLE, Ladder
from gradcheck.oracle.layout import Vector
from gradcheck.verdict import Entry

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: How small an error of one typical entry is sought, relative to it. Agreement to this passes.
SOUGHT = 2.0**-24
#: A pass that resolves less than this asks for a better estimate before it is believed.
FINE = 1e-6
#: A case that resolves less than this is undecided.
COARSEST = 1e-3
#: A claim fails outside this many error bounds, since a bound is itself an estimate.
MARGIN = 3.0
#: A sum of products is rounded by a few units of the last place of its norm.
ROUNDED = 8.0

#: The rule's own rounding counts so many times the scatter that was seen in a few runs.
_SCATTER_MARGIN = 4.0
_SCATTER_RUNS = 8
#: The point right beside, in units of the scale of each input.
_BESIDE = 2.0**-20
_BESIDE_SINGLE = 2.0**-10


@dataclass
class Evidence:
    """What the comparison of one claim with its function has shown so far."""

    #: For each gradient, the finest relative error of a typical entry that would have been seen.
    by_gradient: Floats = field(default_factory=lambda: np.full(1, np.inf))
    overall: float = np.inf
    kinks: int = 0
    wrong: Entry | None = None
    table: tuple[Entry, ...] = ()
    probe: tuple[tuple[str, Any], ...] = ()
    quotients: tuple[tuple[float, float], ...] = ()
    title: str = ""
    reason: str = ""
    undecided: str = ""
    claimed: list[float] = field(default_factory=list)
    measured: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)

    def record(
        self, claimed: float, measured: float, limit: float, shares: Floats, size: float
    ) -> None:
        """Note an agreement to ``limit``.

        ``shares`` is what a typical entry of each gradient contributes, ``size`` what all do.
        """
        self.claimed.append(claimed)
        self.measured.append(measured)
        self.errors.append(limit)
        if not shares.any():
            self.by_gradient = np.minimum(self.by_gradient, SOUGHT)
        else:
            self.by_gradient = np.where(
                shares > 0, np.minimum(self.by_gradient, limit / shares), self.by_gradient
            )
        self.overall = min(self.overall, limit / size if size > 0 else SOUGHT)

    @property
    def lost(self) -> Mask:
        """Gradients that are lost in the function's rounding beside others that are not."""
        lost: Mask = np.isfinite(self.by_gradient) & (self.by_gradient >= 1)
        return lost & bool(np.any(self.by_gradient < COARSEST))

    @property
    def resolution(self) -> float:
        """The coarsest of the gradients', but for those that are lost, and for zeros."""
        known = self.by_gradient[np.isfinite(self.by_gradient) & ~self.lost]
        return float(known.max()) if known.size else np.inf


@dataclass
class Context:
    """One claim at one point."""

    rule: Rule
    subject: Subject
    claim: Claim
    ladder: Ladder
    case: Case
    bindings: Bindings
    #: Whether this is the point right beside the one that is judged.
    is_beside: bool = False
    evidence: Evidence = field(default_factory=Evidence)

    def __post_init__(self) -> None:
        self.point = self.subject.point
        self.epsilon = self.ladder.epsilon
        self.rng = self.case.rng("beside" if self.is_beside else "directions")

    def claimed_number(self, u: Vector, v: Vector, claim: Claim | None = None) -> float:
        """The claimed ``uᵀJv``."""
        claim = claim or self.claim
        if claim.pull is not None:
            return float(claim.pull(u) @ v)
        if claim.push is not None:
            return float(claim.push(v) @ u)
        entries = claim.entries
        assert entries is not None
        return float(u[entries.rows] @ entries.values @ v[entries.columns])

    def row(self, u: Vector) -> Floats | None:
        """The claimed gradient of ``u·y`` with respect to every input; None for a tangent rule."""
        claim = self.claim
        if claim.pull is not None:
            return claim.pull(u)
        if claim.entries is None:
            return None
        row = np.zeros(self.point.n)
        row[claim.entries.columns] = u[claim.entries.rows] @ claim.entries.values
        return row

    def claim_rounding(self, u: Vector, v: Vector, claimed: float) -> float:
        """How far the claimed number may be off by the rule's own rounding."""

        def compute(wrap: Callable[[Any], Any]) -> Floats:
            claim = claim_at(self.rule, self.subject, self.case, wrap)
            return np.array([self.claimed_number(u, v, claim)])

        try:
            moved = rounding.scatter(compute, np.array([claimed]), self.case.seed, _SCATTER_RUNS)
        except (Violation, SetAside):
            return np.inf
        return _SCATTER_MARGIN * float(moved[0])

    def beside(self, direction: Vector | None = None) -> Context | None:
        """The claim at a point right beside; None where the function has no value there."""
        if direction is None:
            signs = magnitudes(self.case.rng("nudge"), self.point.n)
            by_spread, by_magnitude = (
                finish(self.point, scales(self.point, scale), signs, self.ladder).v
                for scale in ("spread", "magnitude")
            )
            # Beside the edge of a domain that is not declared, only the second stays inside.
            return self.beside(by_spread) or self.beside(by_magnitude)
        step = _BESIDE_SINGLE if self.ladder is SINGLE else _BESIDE
        x = self.point.x + (step * direction).astype(self.point.x.dtype)
        try:
            subject = self.subject.moved_to(x, self.bindings)
            claim = claim_at(self.rule, subject, self.case)
        except (SetAside, Violation):
            return None
        finally:
            self.point.evaluations += 1
        subject.point.evaluations = 0
        return replace(self, subject=subject, claim=claim, is_beside=True, evidence=Evidence())

    def entry(
        self, output: int, column: int, claimed: float, measured: float, error: float
    ) -> Entry:
        """An entry of the Jacobian, located."""
        leaf, index = self.subject.inputs.locate(column)
        name, output_index = self.subject.outputs.locate(output)
        return Entry(leaf.label, index, name.label, output_index, claimed, measured, error)

    def unit(self, output: int) -> Vector:
        """The cotangent that picks one output."""
        u = np.zeros(self.point.m)
        u[output] = 1.0
        return u

    def probe(self, u: Vector) -> tuple[tuple[str, Any], ...]:
        """The cotangent ``u`` by the names that the rule has for it."""
        signature = self.rule.signature
        if self.claim.pull is None or signature is None:
            return ()
        return tuple(zip(signature.leading, self.subject.cotangent(u), strict=True))

    @functools.cached_property
    def diagonal(self) -> Floats | None:
        """The claimed diagonal of a square Jacobian, were its other entries zero."""
        claim, n = self.claim, self.point.n
        if n != self.point.m:
            return None
        if claim.pull is not None:
            return claim.pull(np.ones(n))
        if claim.push is not None:
            return claim.push(np.ones(n))
        entries = claim.entries
        assert entries is not None
        diagonal = np.full(n, np.nan)
        for r, row in enumerate(entries.rows):
            for c in np.flatnonzero(entries.columns == row):
                if entries.mask is None or entries.mask[r, c]:
                    diagonal[row] = entries.values[r, c]
        return diagonal
