"""What a judgement works with: the claim at its point, and what the comparison has shown so far."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.dims import Bindings
from gradcheck.evaluation import Claim, claim_at
from gradcheck.judging.evidence import (
    LOST,
    OF_BULK,
    OF_EVERY,
    SOUGHT,
    TINY,
    Evidence,
    Resolved,
    Shares,
)
from gradcheck.judging.probes import Probes, owners_of
from gradcheck.judging.rule_rounding import RuleRounding
from gradcheck.oracle.confirmation import confirmed
from gradcheck.oracle.directions import (
    Direction,
    Scale,
    finish,
    magnitudes,
    positive_medians,
    scales,
)
from gradcheck.oracle.imaginary import Imagined
from gradcheck.oracle.ladder import Ladder, Line
from gradcheck.oracle.layout import Leaf, Vector, unit
from gradcheck.oracle.noise import ROUNDING
from gradcheck.oracle.norms import norms
from gradcheck.returned import SetAside, Violation
from gradcheck.subject import Subject
from gradcheck.verdict import Entry

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: A pass that resolves less than this asks for a better estimate before it is believed; one of many
#: points that resolves less than that, since each of the others is looked at as well.
FINE = 1e-6
FINE_OF_MANY = 1e-4
#: A claim fails outside this many error bounds, since a bound is itself an estimate.
MARGIN = 3.0
#: A sum of products is rounded by a few units of the last place of its norm.
ROUNDED = 8.0

#: So many entries around the median stand for a typical one; of a rule that pushes tangents, in so
#: many columns.
_TYPICAL = 9

#: Up to so many inputs are moved one by one where lines along all of them resolve little.
SINGLY = 64
#: Beyond this many entries an array costs more than the calls of numpy on it.
LARGE = 1 << 12
#: The point right beside, in units of the scale of each input; and one further away, where there
#: are kinks at that one as well. In float32, whose steps are larger, both are further.
BESIDE = 2.0**-20
FURTHER = 2.0**-10
_IN_SINGLE = {BESIDE: 2.0**-10, FURTHER: 2.0**-4}
#: An input is confined where it can move by less than this share of its scale.
CONFINED = 2.0**-8


@dataclass(frozen=True)
class Along:
    """What a claim of entries or tangents says along a line, for each of its rows.

    ``valid`` marks the rows that it speaks of there; the claimed slope, what a typical entry of
    the row contributes to it, and its norm.
    """

    valid: Mask
    claimed: Floats
    shares: Shares
    norms: Floats


class Typical(NamedTuple):
    """Entries of about median size, of those of each claimed Jacobian that are not zero."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    sizes: Floats
    #: The number of the Jacobian, by its input.
    gradients: NDArray[np.intp]


@dataclass(eq=False)
class Context:
    """One claim at one point."""

    rule: Rule
    subject: Subject
    claim: Claim
    ladder: Ladder
    case: Case
    bindings: Bindings
    #: How small an error a pass has to resolve, where that can be had.
    fine: float = FINE
    #: Whether this is the point right beside the one that is judged.
    is_beside: bool = False
    evidence: Evidence = field(default_factory=Evidence)
    #: What the cheap pass has left on its lines, or the contract that it has seen broken.
    screened: Any = field(default_factory=list)
    #: The claimed gradient under a first cotangent, of a claim that pulls one back, as long as it
    #: is of use, and the inputs for which it is zero throughout.
    weights: Floats | None = None
    zeros: list[Leaf] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.point = self.subject.point
        self.epsilon = self.ladder.epsilon
        self._imagined: dict[tuple[bytes, bool], tuple[Imagined | None, bool]] = {}
        self.rng = self.case.rng("beside" if self.is_beside else "directions")

    @property
    def is_large(self) -> bool:
        """Whether its arrays cost more than the calls of numpy on them."""
        return max(self.point.n, self.point.m) > LARGE

    @property
    def rounded(self) -> float:
        """By what share of its norm a sum of products in the claim is rounded, at least.

        A rule may answer in a narrower type than the function computes in.
        """
        return ROUNDED * max(self.epsilon, self.claim.epsilon)

    @property
    def _of_many(self) -> float:
        """The share of a row's slope that one of many entries has, if all have random signs.

        Of few entries each is looked at by itself where that is needed.
        """
        return 1.0 if self.point.n <= SINGLY else 1.0 / math.sqrt(self.point.n)

    @functools.cached_property
    def rows(self) -> NDArray[np.intp]:
        """The outputs that a claim of entries or tangents speaks of."""
        entries = self.claim.entries
        return np.arange(self.point.m) if entries is None else entries.rows

    def claimed_along(self, v: Vector, scale: Vector) -> Along:
        """What a claim of entries or tangents says along ``v``."""
        entries = self.claim.entries
        if entries is None:
            claimed = self.claim.again(v)
            size = np.abs(claimed)
            share = np.where(size > 0, size, positive_medians(size)) * self._of_many
            return Along(np.ones(size.size, bool), claimed, Shares(share, share), size)
        weights = v[entries.columns]
        moved = weights != 0
        mask = entries.mask
        valid: Mask = np.ones(entries.rows.size, bool)
        if mask is not None:
            valid = np.asarray(mask[:, moved].all(axis=1))
        values, weights = entries.values[:, moved], weights[moved]
        reach = scale[entries.columns][moved]
        moved_by = 0.5 * (reach.min() if reach.size else 0.0)
        shares = Shares(*(moved_by * part for part in _row_medians(np.abs(values))))
        return Along(valid, values @ weights, shares, norms(values * weights))

    @functools.cached_property
    def typical(self) -> tuple[Typical, Typical]:
        """The typical entries of a claim of entries or tangents; of a few columns of the latter.

        Of all that are not zero, and of those that are not small.
        """
        entries = self.claim.entries
        if entries is not None:
            values, mask = np.abs(entries.values), entries.mask
            values = values if mask is None else np.where(mask, values, 0.0)
            columns = entries.columns
        else:
            columns, values = self._probes.columns, self._probes.sizes
        owners = owners_of(self.subject.inputs.leaves, columns)

        def near_the_median(cut: float) -> Typical:
            chosen = []
            for number in np.unique(owners):
                mine = np.flatnonzero(owners == number)
                flat = values[:, mine].reshape(-1)
                nonzero = np.flatnonzero(flat > cut * flat.max(initial=0.0))
                if nonzero.size > _TYPICAL:
                    middle = nonzero.size // 2
                    near = np.arange(middle - _TYPICAL // 2, middle + _TYPICAL // 2 + 1)
                    order = np.argpartition(flat[nonzero], near)
                    # The few columns that are looked at stand for others, with rows of other sizes.
                    nonzero = nonzero[order[near] if entries is not None else order[near[0] :]]
                r, c = np.unravel_index(nonzero, (len(values), mine.size))
                chosen.append((r, mine[c]))
            r, c = (np.concatenate(part) for part in zip(*chosen, strict=True))
            return Typical(r, columns[c], values[r, c], owners[c])

        return near_the_median(OF_EVERY), near_the_median(OF_BULK)

    @functools.cached_property
    def _probes(self) -> Probes:
        """The columns by which a claim that pushes tangents is known."""
        rng, leaves = self.case.rng("typical"), self.subject.inputs.leaves
        return Probes(self.claim, leaves, self.signs, rng, few=self.fine > FINE)

    @property
    def sought(self) -> Resolved:
        """What has to be as fine as is sought: of one of many points the bulk, others show more."""
        return self.evidence.every if self.fine == FINE else self.evidence.bulk

    def record_rows(
        self, agree: Mask, claimed: Floats, measured: Floats, limit: Floats, direction: Direction
    ) -> None:
        """Note the rows of a claim of entries or tangents that agree along a line to ``limit``."""
        if not agree.any():
            return
        evidence = self.evidence
        evidence.claimed += claimed[agree].tolist()
        evidence.measured += measured[agree].tolist()
        evidence.errors += limit[agree].tolist()
        size = float(np.abs(claimed[agree]).max())
        best = float(limit[agree].min()) / size if size > 0 else SOUGHT
        evidence.overall = min(evidence.overall, best)
        if self.claim.push is not None:
            limit = np.maximum(limit, SOUGHT * self._of_many * self._probes.usual(direction))
        moved = np.where(direction.v != 0, direction.scale, 0.0)
        for resolved, typical in zip((evidence.every, evidence.bulk), self.typical, strict=True):
            seen = np.where(agree, limit, np.inf)[typical.rows]
            shares = np.maximum(0.5 * typical.sizes * moved[typical.columns], TINY)
            resolved.record_entries(np.maximum(seen / shares, SOUGHT), typical.gradients)

    def record_explained(self, rows: Mask, limit: Floats, direction: Direction) -> None:
        """Note the rows of such a claim that disagree by less than the rule's own rounding.

        Other lines may show less of that row, and what is typical be found in others.
        """
        moved = direction.scale[direction.v != 0]
        seen = (self.evidence.every, self.evidence.bulk)
        for resolved, typical in zip(seen, self.typical, strict=True):
            if rows.any() and typical.sizes.size and moved.size:
                share = max(0.5 * float(np.median(typical.sizes) * np.median(moved)), TINY)
                resolved.explained = max(resolved.explained, float(limit[rows].max()) / share)

    def claim_rounding(self, u: Vector, v: Vector, claimed: float, sought: float = 0.0) -> float:
        """How far the claimed number may be off by the rule's own rounding; see its class."""
        found = self.rounding_at(u, v, claimed).within(sought)
        if found >= sought > LOST * abs(claimed):
            self.evidence.explain(sought / self._added_up(u, v), u, v)
        return found

    def _added_up(self, u: Vector, v: Vector) -> float:
        """The norm of the terms of the claimed ``uᵀJv``, which may cancel in it."""
        claim, entries = self.claim, self.claim.entries
        if entries is not None:
            terms = u[entries.rows, None] * entries.values * v[entries.columns]
        else:
            terms = claim.again(u) * v if claim.pull is not None else claim.again(v) * u
        return max(float(norms(terms.reshape(-1))), TINY)

    def rounding_at(self, u: Vector, v: Vector, claimed: float) -> RuleRounding:
        """The rounding of the number that is ``claimed`` along a line."""
        return RuleRounding(
            self.rule, self.subject, self.claim, self.case, self.ladder, self.rounded, u, v, claimed
        )

    def beside(
        self,
        direction: Vector | None = None,
        step: float = BESIDE,
        scale: Scale | None = None,
        *,
        mirrored: bool = False,
    ) -> Context | None:
        """The claim at a point right beside; None where the function has no value there.

        ``mirrored``: on the other side.
        """
        if direction is None and scale is None:
            # Beside the edge of a domain that is not declared, only the second stays inside.
            spread = self.beside(step=step, scale="spread", mirrored=mirrored)
            return spread or self.beside(step=step, scale="magnitude", mirrored=mirrored)
        if direction is None:
            assert scale is not None
            signs = magnitudes(self.case.rng("nudge"), self.point.n)
            signs = -signs if mirrored else signs
            own = scales(self.point, scale)
            direction = self._inwards(finish(self.point, own, signs, self.ladder).v)
        step = _IN_SINGLE[step] if self.ladder.is_narrow else step
        return self._moved_to(self.point.x + (step * direction).astype(self.point.x.dtype))

    def narrowed(self) -> Context | None:
        """The claim at the inputs as a function or rule sees them that narrows them to its type.

        None where neither has such a type, or they have no more digits.
        """
        epsilon = max(self.claim.epsilon, self.ladder.epsilon)
        if not epsilon > np.finfo(self.point.x.dtype).eps / 2:
            return None
        narrow = next(t for t in (np.float32, np.float16) if np.finfo(t).eps / 2 >= epsilon)
        x = self.point.x.astype(narrow).astype(self.point.x.dtype)
        if np.array_equal(x, self.point.x):
            return None
        others = {
            name: value.astype(narrow).astype(value.dtype)
            for name, value in self.subject.values.items()
            if name not in self.subject.wrt and getattr(value, "dtype", None) == x.dtype
        }
        return self._moved_to(x, others)

    def _moved_to(self, x: Vector, others: Mapping[str, Any] | None = None) -> Context | None:
        try:
            subject = self.subject.moved_to(x, self.bindings, others)
            claim = claim_at(self.rule, subject, self.case)
        except (SetAside, Violation):
            return None
        finally:
            self.point.evaluations += 1
        subject.point.evaluations = 0
        return replace(
            self,
            subject=subject,
            claim=claim,
            is_beside=True,
            evidence=Evidence(),
            screened=[],
            weights=None,
        )

    @functools.cached_property
    def confined(self) -> Mask:
        """Inputs so close to an edge of their domain that no step of their own size fits in."""
        reach = self.point.reach()
        if reach is None:
            return np.zeros(self.point.n, bool)
        confined: Mask = reach < CONFINED * scales(self.point, "spread")
        return confined

    def _inwards(self, v: Vector) -> Vector:
        """A direction in which the confined inputs move away from their edges."""
        if not self.confined.any():
            return v
        x = self.point.x
        low = np.full(x.size, -np.inf) if self.point.low is None else self.point.low
        high = np.full(x.size, np.inf) if self.point.high is None else self.point.high
        below, above = x - low, high - x
        size = np.minimum(scales(self.point, "spread"), np.maximum(below, above) / 2)
        inwards: Vector = np.where(self.confined, np.where(above > below, size, -size), v)
        return self.point.inside(inwards)

    def entry(
        self, output: int, column: int, claimed: float, measured: float, error: float
    ) -> Entry:
        """An entry of the Jacobian, located."""
        leaf, index = self.subject.inputs.locate(column)
        name, output_index = self.subject.outputs.locate(output)
        return Entry(leaf.label, index, name.label, output_index, claimed, measured, error)

    def unit(self, output: int) -> Vector:
        """The cotangent that picks one output."""
        return unit(self.point.m, output)

    def probe(self, u: Vector) -> tuple[tuple[str, Any], ...]:
        """The cotangent ``u`` by the names that the rule has for it."""
        signature = self.rule.signature
        if self.claim.pull is None or signature is None:
            return ()
        return tuple(zip(signature.leading, self.subject.cotangent(u), strict=True))

    def imagined(self, line: Line, *, zero_will_do: bool = False) -> Imagined | None:
        """The slopes along a line by an imaginary step; None where real steps do not confirm them.

        It is the function of real numbers that is judged: one that compares, remembers or looks at
        types may do something else with others.
        """
        found, agreed = self._by_imaginary_step(line, zero_will_do)
        return found if agreed else None

    def doubtful(self, line: Line) -> Imagined | None:
        """The slopes along a line by an imaginary step that real steps contradict."""
        found, agreed = self._by_imaginary_step(line, zero_will_do=False)
        return None if agreed else found

    def _by_imaginary_step(self, line: Line, zero_will_do: bool) -> tuple[Imagined | None, bool]:
        # A digest, since the numbers themselves may be many.
        digest = hashlib.blake2b(np.ascontiguousarray(line.v).data, digest_size=16).digest()
        key = (digest, zero_will_do)
        if key not in self._imagined:
            measure = self.point.imaginary
            found = None if measure is None else measure(line.v, zero_will_do=zero_will_do)
            if found is not None and self.ladder.is_narrow:
                # The step itself keeps all digits, but inside, numbers that it is multiplied with
                # are rounded to fewer, and lost where they are less than the least of these.
                lost = ROUNDING * self.ladder.epsilon * np.abs(self.point.y)
                lost += self.ladder.least / self.ladder.exact
                found = found._replace(error=found.error + lost)
            agreed = found is not None and bool(
                confirmed(line, self.ladder, self.epsilon, found.value).all()
            )
            self._imagined[key] = found, agreed
        return self._imagined[key]

    @functools.cached_property
    def signs(self) -> Vector:
        """By what a diagonal is asked for: never all ones, which hide a factor that is missing."""
        rng = self.case.rng("signs")
        signs: Vector = rng.choice([-1.0, 1.0], self.point.n) * rng.choice([0.5, 2.0], self.point.n)
        return signs

    @functools.cached_property
    def diagonal(self) -> Floats | None:
        """The claimed diagonal of a square Jacobian, were its other entries zero."""
        claim, n = self.claim, self.point.n
        if n != self.point.m:
            return None
        answer = claim.pull or claim.push
        if answer is not None:
            return answer(self.signs) / self.signs
        entries = claim.entries
        assert entries is not None
        diagonal = np.full(n, np.nan)
        for r, row in enumerate(entries.rows):
            for c in np.flatnonzero(entries.columns == row):
                if entries.mask is None or entries.mask[r, c]:
                    diagonal[row] = entries.values[r, c]
        return diagonal


def _row_medians(size: Floats) -> list[Floats]:
    """The median of the non-zero entries of each row; 0 where there are none.

    Of all that are not zero, and of those that are not small.
    """
    if size.shape[1] <= 1:
        return 2 * [size.sum(axis=1)]
    ordered, count = np.sort(size, axis=1), size.shape[1]
    medians = []
    for cut in (OF_EVERY, OF_BULK):
        zeros = np.count_nonzero(ordered <= cut * ordered[:, -1:], axis=1)
        middle = np.minimum(zeros + (count - zeros) // 2, count - 1)
        medians.append(ordered[np.arange(size.shape[0]), middle])
    return medians
