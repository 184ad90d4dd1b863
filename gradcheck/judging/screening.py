"""The cheap pass: claims compared with their functions along two lines each, many points at once.

Agreement is its own evidence, so two steps a line are enough to pass. The points of one example
have the same sizes and their arrays are small, so that numpy's cost is that of its calls, not of
the numbers in them: the arithmetic of all points, lines and cotangents is done together, and only
the calls of the user's functions are made one by one. A single point is screened the same way.

Axes of the arrays below, in this order: ``B`` points, ``D`` lines of each, ``K`` cotangents of
each, then ``m`` outputs, ``n`` inputs, ``L`` gradients or ``R`` claimed rows.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.evaluation import announce
from gradcheck.judging.context import LARGE, Along, Context, Floats, Mask
from gradcheck.judging.evidence import COARSEST, OF_BULK, OF_EVERY, SOUGHT, Shares
from gradcheck.oracle.directions import (
    Direction,
    Scale,
    draw_directions,
    finish,
    magnitudes,
    positive_medians,
    sampled,
    stacked,
)
from gradcheck.oracle.entry import ROUNDING, coordinate_reach
from gradcheck.oracle.ladder import Line, extrapolate
from gradcheck.oracle.layout import Leaf, Vector, chunks
from gradcheck.oracle.norms import norms
from gradcheck.returned import Violation

#: No output weighs more than this many times the typical one in the first cotangent.
_MOST_WEIGHT = 1e3
#: Outputs that vary less than this share of the median get no more weight for it.
_WEIGHT_CAP = 0.05
#: The least size of a number that keeps all its digits.
_TINY = float(np.finfo(np.float64).tiny)
#: Two random cotangents a line: two errors can cancel under one of them.
_COTANGENTS = 2
#: Along one line alone an entry that is typical may come out small under both: less than a third of
#: what it usually is in one of 15 cases, less than a twelfth in one of 230 (of a normal one).
_SOUGHT_ALONG_ONE = SOUGHT / 4
#: The weights of two outputs differ by no more than this: a cotangent that underflows says nothing.
_WIDEST = 2.0**-100
#: Beyond this many entries those of median size are found among a sample, of so many, spread by the
#: multiplier of Knuth's hash.
_MANY = 1024
_SCATTERED = 2654435761
#: The median and its neighbours.
_ABOUT = np.arange(-1, 2)
_PARTS_OF_ALONG = ("valid", "claimed", "shares.every", "shares.bulk", "norms")


@dataclass(eq=False)
class Test:
    """One cotangent along a line.

    The claimed number, what a typical entry of each gradient contributes to it, and its norm;
    ``limit``, within which the cheap pass would have settled it.
    """

    u: Vector
    claimed: float
    shares: Shares
    norm: float
    limit: float = 0.0
    #: By how much it is off, or was when it was found to agree.
    off: float = 0.0

    @property
    def share(self) -> float:
        """The least that a typical entry contributes."""
        return float(least_positive(self.shares.every))

    def tells(self, limit: float) -> bool:
        """Whether agreement to ``limit`` says something: with a higher one, anything agrees."""
        return limit <= COARSEST * float(least_positive(self.shares.bulk))

    def record(self, context: Context, measured: float, limit: float) -> None:
        """Note that it agrees to ``limit``, or to that of the cheap pass, which asks no more."""
        self.off, limit = abs(self.claimed - measured), max(limit, self.limit)
        context.evidence.record(
            np.array([self.claimed]),
            np.array([measured]),
            np.array([limit]),
            self.shares.at(np.newaxis),
        )


@dataclass
class Screened:
    """A line, and what on it the cheap pass has not settled.

    For a claim that pulls a cotangent back, the cotangents and the tests that disagree; for one of
    entries or tangents, ``left`` marks the claimed rows that do, and ``limits`` are those of the
    cheap pass.
    """

    line: Line
    direction: Direction
    cotangents: Floats = field(default_factory=lambda: np.empty(0))
    tests: list[Test] = field(default_factory=list)
    left: Mask | None = None
    limits: Floats | None = None
    along: Along | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing is left to look at."""
        return not self.tests and (self.left is None or not self.left.any())

    def test(self, context: Context, u: Vector) -> Test:
        """The claimed number for a cotangent."""
        assert context.claim.pull is not None
        g = context.claim.pull(u)
        terms = g * self.line.v
        shares = [
            typical_shares(g[leaf.slice], self.direction.scale[leaf.slice])
            for leaf in context.subject.inputs.leaves
        ]
        every, bulk = np.moveaxis(np.array(shares), -1, 0)
        return Test(u, float(terms.sum()), Shares(every, bulk), float(norms(terms)))

    def retaken(self, context: Context) -> list[Test]:
        """The tests of all cotangents of the line."""
        return [self.test(context, u) for u in self.cotangents]


#: A claim is compared along a line of each scale.
BOTH: tuple[Scale, ...] = ("spread", "magnitude")


def screen(
    contexts: Sequence[Context], scales: Sequence[Scale] = BOTH
) -> list[list[Screened] | Violation]:
    """Screen claims at points; for each its lines, or the contract that a rule was seen to break.

    Agreements are recorded in the evidence of each context. There is a line of each of ``scales``;
    where some entries of a claim are left out, one for each input instead.
    """
    results: list[list[Screened] | Violation] = [[] for _ in contexts]
    groups: dict[Any, list[int]] = {}
    for k, context in enumerate(contexts):
        groups.setdefault(_alike(context), []).append(k)
    for members in groups.values():
        chosen = [contexts[k] for k in members]
        kind = _Pulled if chosen[0].claim.pull is not None else _Listed
        for k, result in zip(members, kind(chosen, scales).run(), strict=True):
            results[k] = result
    return results


def alone(context: Context, leaf: Leaf) -> Screened:
    """Screen one gradient by itself, along a line on which no other input moves.

    Raises the ``Violation`` that the rule is seen to commit.
    """
    (result,) = _Pulled([context], BOTH[:1], leaf).run()
    if isinstance(result, Violation):
        raise result
    return result[0]


def singly(context: Context) -> list[Screened]:
    """Screen a claim of entries or tangents along one line for each input that it speaks of.

    Raises the ``Violation`` that the rule is seen to commit.
    """
    (result,) = _Listed([context], (), singly=True).run()
    if isinstance(result, Violation):
        raise result
    return result


def moving(screened: Screened, leaf: Leaf) -> Screened:
    """The same line with one input moving alone."""
    support = np.zeros(screened.line.v.size)
    support[leaf.slice] = 1.0
    line = Line(screened.line.point, screened.line.v * support)
    direction = Direction(line.v, screened.direction.scale * support)
    return Screened(line, direction, screened.cotangents)


def _alike(context: Context) -> Any:
    """What points must have in common to be stacked."""
    point, entries = context.point, context.claim.entries
    listed = None if entries is None else (entries.values.shape, len(_columns(context)))
    return point.n, point.m, context.ladder, point.x.dtype, context.subject.dtype, listed


def _columns(context: Context) -> list[int]:
    """The single inputs to be moved where entries are left out of a claim; else none."""
    entries = context.claim.entries
    if not context.claim.is_partial:
        return []
    assert entries is not None
    assert entries.mask is not None
    # A random direction would mix entries that are claimed with others that are not.
    return [int(column) for column in entries.columns[entries.mask.any(axis=0)]]


def _claimed_columns(context: Context) -> list[int]:
    """The inputs that a claim of entries or tangents speaks of."""
    entries = context.claim.entries
    return list(range(context.point.n)) if entries is None else entries.columns.tolist()


class _Screen:
    """What both kinds of claims share: lines, estimates from two steps, and their floors."""

    def __init__(self, contexts: Sequence[Context], scales: Sequence[Scale]) -> None:
        self.contexts, self.scales = contexts, scales
        first = contexts[0]
        self.n, self.m = first.point.n, first.point.m
        self.ladder, self.epsilon, self.large = first.ladder, first.epsilon, first.is_large
        self.broken: dict[int, Violation] = {}

    def ask(self, b: int, call: Callable[[], Floats], size: int) -> Floats:
        """A call of the user's rule; zeros where it has broken its contract before or does now."""
        if b not in self.broken:
            try:
                return call()
            except Violation as violation:
                self.broken[b] = violation
        return np.zeros(size)

    def drawn(self, *shape: int) -> Vector:
        """Random signed magnitudes for each point: shape ``(B, *shape)``."""
        size = math.prod(shape)
        return stacked([magnitudes(c.rng, size).reshape(shape) for c in self.contexts])

    def rounded(self) -> Floats:
        """``Context.rounded`` of each point, for arrays over lines and what is along them."""
        return np.array([context.rounded for context in self.contexts])[:, None, None]

    def lines(self, v: Floats) -> list[list[Line]]:
        """The lines of each point."""
        points = (context.point for context in self.contexts)
        return [[Line(p, one) for one in of_point] for p, of_point in zip(points, v, strict=True)]

    def measure(self, lines: list[list[Line]]) -> None:
        """Evaluate at two steps; sets derivative, gaps of the slopes and rounding floor."""
        steps = [self.ladder.step(level) for level in self.ladder.pairs[0]]
        shape = (len(lines), len(lines[0]), self.m)
        self.value: Floats = np.empty(shape)
        self.coarse_gap: Floats = np.empty(shape)
        self.fine_gap: Floats = np.empty(shape)
        self.floor: Floats = np.empty(shape)
        base = [context.point.y for context in self.contexts]
        for step, gap in zip(steps, (self.coarse_gap, self.fine_gap), strict=True):
            ends = [[[line.at(t) for line in row] for row in lines] for t in (step, -step)]
            for part in chunks(self.m):
                above, below = (np.array([[y[part] for y in row] for row in end]) for end in ends)
                middle = np.array([y[part] for y in base])[:, None, :]
                slope = (above - below) / (2 * step)
                gap[..., part] = ((above - middle) + (below - middle)) / step
                if gap is self.coarse_gap:
                    self.value[..., part] = slope
                    continue
                self.value[..., part] = extrapolate(
                    self.value[..., part], slope, steps[0] / steps[1]
                )
                floor = ROUNDING * self.epsilon * np.abs(above) + _TINY
                self.floor[..., part] = floor / step
            if self.m > LARGE:
                # Should anything be left to see on a line, its values are computed again.
                for line in itertools.chain.from_iterable(lines):
                    line.forget()


class _Pulled(_Screen):
    """Claims that pull a cotangent back: ``(Jᵀu)·v`` is compared with ``u·Dv``.

    With ``leaf``, along one line on which that input alone moves.
    """

    def __init__(
        self, contexts: Sequence[Context], scales: Sequence[Scale], leaf: Leaf | None = None
    ) -> None:
        super().__init__(contexts, scales)
        self.leaf = leaf

    def run(self) -> list[list[Screened] | Violation]:
        contexts, lines_ = self.contexts, len(self.scales)
        count = 1 if self.m == 1 else _COTANGENTS
        weights = self._weights()
        signs = self.drawn(lines_, self.n)
        points = [context.point for context in contexts]
        v, scale = draw_directions(points, self.scales, signs, self.ladder, weights)
        if self.leaf is not None:
            support = np.zeros(self.n)
            support[self.leaf.slice] = 1.0
            v, scale = v * support, scale * support
        del signs
        lines = self.lines(v)
        self.measure(lines)
        u = self._cotangents(self.drawn(lines_, count, self.m))
        self._project(u)
        announce(
            [
                (context.claim, list(u[b].reshape(-1, self.m)))
                for b, context in enumerate(contexts)
                if b not in self.broken
            ]
        )
        self._compare(u, v, scale)
        return [
            self.broken[b] if b in self.broken else self._result(b, lines[b], scale[b], u)
            for b in range(len(contexts))
        ]

    def _weights(self) -> Floats:
        """The claimed gradients under a first cotangent, by which directions are balanced."""
        fresh = [context for context in self.contexts if context.weights is None]
        if fresh:
            size = np.abs(stacked([context.point.y for context in fresh]))
            least = np.maximum(positive_medians(size) / _MOST_WEIGHT, _TINY)[:, None]
            signs = stacked([magnitudes(context.rng, self.m) for context in fresh])
            np.divide(least, np.maximum(size, least, out=size), out=size)
            first = list(np.multiply(signs, size, out=size))
            announce([(context.claim, [u]) for context, u in zip(fresh, first, strict=True)])
            for context, u in zip(fresh, first, strict=True):
                context.weights = self._pull(self.contexts.index(context), u)
        return np.asarray(stacked([c.weights for c in self.contexts if c.weights is not None]))

    def _pull(self, b: int, u: Vector) -> Floats:
        pull = self.contexts[b].claim.pull
        assert pull is not None
        return self.ask(b, functools.partial(pull, u), self.n)

    def _cotangents(self, signs: Vector) -> Floats:
        """Random cotangents in which every output counts about as much as the others."""
        if self.m == 1:
            # Never 1, by which a rule that leaves it out is right.
            return signs.astype(self.contexts[0].subject.dtype).astype(np.float64)
        size = np.abs(sampled(self.value))
        # Of numbers that have lost digits no weight can be made.
        size[~np.isfinite(size) | (size < _TINY)] = 0.0
        typical = positive_medians(size)[..., None]
        bound = np.where(typical > 0, _WEIGHT_CAP * typical, 1.0)
        # The second lets outputs that hardly vary count in full, as far as they are not noise: an
        # output that is all noise would drown the others if it were given their weight.
        largest, least = np.zeros(bound.shape), np.full(bound.shape, np.inf)
        for part in chunks(self.m):
            _, own = self._sizes(part)
            largest = np.maximum(largest, own.max(axis=-1, keepdims=True))
            least = np.minimum(least, own.min(axis=-1, keepdims=True))
        widest = largest * _WIDEST
        least = np.maximum(least, widest)
        for part in chunks(self.m):
            size, own = self._sizes(part)
            full = least / np.maximum(own, widest)
            if not size.all():
                full = np.where(size > 0, full, 0.0)
            if not typical.all():
                full = np.where(typical > 0, full, 1.0)
            weights = (bound / np.maximum(size, bound), full)
            for k in range(_COTANGENTS):
                signs[:, :, k, part] *= weights[k]
        # As the rule gets them, in the type of the output.
        return signs.astype(self.contexts[0].subject.dtype, copy=False).astype(float, copy=False)

    def _sizes(self, part: slice) -> tuple[Floats, Floats]:
        """How much some outputs vary along each line, and the same where that is not noise."""
        size, floor = np.abs(self.value[..., part]), self.floor[..., part]
        noisy = floor / SOUGHT
        for array in (size, noisy):
            if not math.isfinite(array.sum()):
                array[~np.isfinite(array)] = 0.0
        np.maximum(noisy, size, out=noisy)
        return size, np.maximum(noisy, _TINY, out=noisy)

    def _project(self, u: Floats) -> None:
        """The measured slopes under the cotangents, with their gaps and rounding floors."""
        self.measured: Floats = np.zeros(u.shape[:-1])
        coarse, fine, floor = (np.zeros(u.shape[:-1]) for _ in range(3))
        for part in chunks(self.m):
            weights = u[..., part]
            # Some output may be infinite at a probe that has no weight.
            weighs, all_weigh = weights != 0, bool(weights.all())
            projections = []
            for values in (self.value, self.coarse_gap, self.fine_gap, self.floor):
                weighted = weights * values[:, :, None, part]
                projections.append(weighted if all_weigh else np.where(weighs, weighted, 0.0))
            self.measured += projections[0].sum(axis=-1)
            coarse += projections[1].sum(axis=-1)
            fine += projections[2].sum(axis=-1)
            floor = np.hypot(floor, norms(projections[3]))
        self.projected_floor: Floats = floor
        self.gap = kink_gap(coarse, fine, floor)
        if self.large:
            # Of large arrays no more is kept than is needed.
            del self.value, self.coarse_gap, self.fine_gap, self.floor

    def _compare(self, u: Floats, v: Floats, scale: Floats) -> None:
        """The claimed slopes, and whether they agree."""
        self.claimed: Floats = np.zeros(u.shape[:-1])
        self.norm: Floats = np.zeros(u.shape[:-1])
        leaves = self.contexts[0].subject.inputs.leaves
        shares = np.empty((*u.shape[:-1], len(leaves), 2))
        # All cotangents at once, or one by one where each fills much memory.
        every = [slice(k, k + 1) for k in range(u.shape[2])] if self.large else [slice(None)]
        for some in every:
            asked = u[:, :, some]
            each = itertools.product(*map(range, asked.shape[:-1]))
            pulled = [self._pull(b, asked[b, d, k]) for b, d, k in each]
            g = stacked(pulled).reshape(*asked.shape[:-1], self.n)
            for part in chunks(self.n):
                terms = g[..., part] * v[:, :, None, part]
                self.claimed[:, :, some] += terms.sum(axis=-1)
                self.norm[:, :, some] = np.hypot(self.norm[:, :, some], norms(terms))
            for number, leaf in enumerate(leaves):
                shares[:, :, some, number] = typical_shares(
                    g[..., leaf.slice], scale[:, :, None, leaf.slice]
                )
        self.shares = Shares(shares[..., 0], shares[..., 1])
        floor = self.projected_floor
        least, bulk = map(least_positive, (self.shares.every, self.shares.bulk))
        sought = _SOUGHT_ALONG_ONE if len(self.scales) == 1 else SOUGHT
        self.limit: Floats = np.maximum(sought * least, floor + self.rounded() * self.norm)
        off = np.abs(self.claimed - self.measured)
        self.agree: Mask = (off <= self.limit) & (self.gap <= 2 * self.limit)
        # With a floor too high, anything agrees.
        telling = (self.limit <= COARSEST * bulk) | (bulk == 0)
        self.agree &= telling
        self.limit = np.where(telling, self.limit, 0.0)

    def _result(self, b: int, lines: list[Line], scale: Floats, u: Floats) -> list[Screened]:
        found = []
        for d, line in enumerate(lines):
            screened = Screened(line, Direction(line.v, scale[d]), u[b, d])
            for k in np.flatnonzero(~self.agree[b, d]):
                at = (b, d, k)
                if not np.isnan(self.claimed[at]):
                    screened.tests.append(
                        Test(
                            u[at],
                            float(self.claimed[at]),
                            self.shares.at(at),
                            float(self.norm[at]),
                            float(self.limit[at]),
                            abs(float(self.claimed[at] - self.measured[at])),
                        )
                    )
            found.append(screened)
        agree = self.agree[b]
        if agree.any():
            self.contexts[b].evidence.record(
                self.claimed[b][agree], self.measured[b][agree], self.limit[b][agree],
                self.shares.at(b).at(agree),
            )  # fmt: skip
        return found


def least_positive(shares: Floats) -> Floats:
    """The least of those along the last axis that are not zero; zero where all are."""
    least: Floats = np.where(shares > 0, shares, np.inf).min(axis=-1, initial=np.inf)
    return np.where(np.isfinite(least), least, 0.0)


def typical_shares(g: Vector, scale: Vector) -> Floats:
    """The least that one entry of median size contributes to ``g·v``: with a last axis of two.

    Of all entries that are not zero, and of those that are not small.
    """
    if g.shape[-1] > _MANY:
        # Of very many a sample tells what is typical; no even one, which would follow an axis.
        sample = np.arange(_MANY) * _SCATTERED % g.shape[-1]
        g, scale = g[..., sample], scale[..., sample]
    size = np.abs(g)
    count = size.shape[-1]
    if count == 0:
        return np.zeros((*g.shape[:-1], 2))
    shape, scale = size.shape[:-1], np.broadcast_to(scale, size.shape).reshape(-1, count)
    size = size.reshape(-1, count)
    order, each = size.argsort(axis=-1), np.arange(size.shape[0])[:, None]
    largest = size.max(axis=-1)[:, None]
    zero, small = (
        np.count_nonzero(size <= cut * largest, axis=-1)[:, None] for cut in (OF_EVERY, OF_BULK)
    )

    def share(zeros: NDArray[np.intp]) -> Floats:
        near = (zeros + count) // 2 + _ABOUT
        near = np.minimum(np.maximum(near, np.minimum(zeros, count - 1)), count - 1)
        chosen = order[each, near]
        least = 0.5 * (size[each, chosen] * scale[each, chosen]).min(axis=-1)
        return np.where(largest[:, 0] > 0, least, 0.0)

    every = share(zero)
    bulk = every if (zero == small).all() else share(small)
    return np.stack([every, bulk], axis=-1).reshape(*shape, 2)


class _Listed(_Screen):
    """Claims of entries and tangents: ``Jv`` is compared with ``Dv``, output by output."""

    def __init__(
        self, contexts: Sequence[Context], scales: Sequence[Scale], *, singly: bool = False
    ) -> None:
        super().__init__(contexts, scales)
        self.singly = singly

    def run(self) -> list[list[Screened] | Violation]:
        columns = _claimed_columns if self.singly else _columns
        singles = [columns(context) for context in self.contexts]
        v, scale = self._singly(singles) if singles[0] else self._densely()
        count = v.shape[1]
        lines = self.lines(v)
        self.measure(lines)
        rows = np.array([context.rows for context in self.contexts])[:, None, :]
        along = [
            [self._along(b, v[b, d], scale[b, d]) for d in range(count)]
            for b in range(len(self.contexts))
        ]
        valid, claimed, shares, bulk, norms = (
            np.array([[get(one) for one in of_point] for of_point in along])
            for get in map(operator.attrgetter, _PARTS_OF_ALONG)
        )
        measured, coarse, fine, floor = (
            np.take_along_axis(part, np.broadcast_to(rows, claimed.shape), axis=-1)
            for part in (self.value, self.coarse_gap, self.fine_gap, self.floor)
        )
        gap = kink_gap(coarse, fine, floor)
        limit = np.maximum(SOUGHT * shares, floor + self.rounded() * norms)
        agree = (np.abs(claimed - measured) <= limit) & (gap <= 2 * limit)
        telling = (limit <= COARSEST * bulk) | (bulk == 0)
        agree &= telling

        def screened(b: int, d: int) -> Screened:
            direction = Direction(lines[b][d].v, scale[b, d])
            self.contexts[b].record_rows(
                valid[b, d] & agree[b, d], claimed[b, d], measured[b, d], limit[b, d], direction
            )
            left = valid[b, d] & ~agree[b, d]
            limits = np.where(telling[b, d], limit[b, d], 0.0)
            return Screened(lines[b][d], direction, left=left, limits=limits, along=along[b][d])

        results: list[list[Screened] | Violation] = []
        for b in range(len(self.contexts)):
            try:
                if b in self.broken:
                    raise self.broken[b]
                results.append([screened(b, d) for d in range(count)])
            except Violation as violation:  # in tangents that pick one input, perhaps
                results.append(violation)
        return results

    def _densely(self) -> tuple[Floats, Floats]:
        """Random directions, of the inputs that are claimed."""
        points = [context.point for context in self.contexts]
        signs = self.drawn(len(self.scales), self.n)
        v, scale = draw_directions(points, self.scales, signs, self.ladder)
        for b, context in enumerate(self.contexts):
            entries = context.claim.entries
            if entries is not None and entries.columns.size < self.n:
                support = np.zeros(self.n)
                support[entries.columns] = 1.0
                v[b] *= support
                scale[b] *= support
        return v, scale

    def _singly(self, columns: list[list[int]]) -> tuple[Floats, Floats]:
        """One direction for each input of which only some entries are claimed."""
        directions = []
        for context, of_point in zip(self.contexts, columns, strict=True):
            for column in of_point:
                reach = coordinate_reach(context.point, column)[int(context.rng.integers(2))]
                signs = np.zeros(self.n)
                signs[column] = 1.0
                s = np.full(self.n, reach)
                directions.append(finish(context.point, s, signs, self.ladder))
        shape = (len(columns), len(columns[0]), self.n)
        v = np.array([direction.v for direction in directions]).reshape(shape)
        return v, np.array([direction.scale for direction in directions]).reshape(shape)

    def _along(self, b: int, v: Vector, scale: Vector) -> Along:
        context = self.contexts[b]
        if b not in self.broken:
            try:
                return context.claimed_along(v, scale)
            except Violation as violation:
                self.broken[b] = violation
        nothing = np.zeros(context.rows.size)
        return Along(nothing.astype(bool), nothing, Shares(nothing, nothing), nothing)


def kink_gap(coarse: Floats, fine: Floats, floor: Floats) -> Floats:
    """The gap of the slopes from the two sides at the finer of two steps.

    0 where it shrinks with the step, as that of a smooth function.
    """
    coarse, fine = np.abs(coarse), np.abs(fine)
    return np.where((fine <= coarse / 2) | (fine <= 2 * floor), 0.0, fine)
