"""A claim compared with the function along a line: the cheap pass, and a careful second look."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from gradcheck.evaluation import Violation
from gradcheck.judging.context import FINE, MARGIN, ROUNDED, SOUGHT, Context, Floats, Mask
from gradcheck.oracle.directions import Direction, magnitudes
from gradcheck.oracle.entry import ROUNDING, Slopes, project, slopes
from gradcheck.oracle.ladder import Ladder, Line, extrapolate
from gradcheck.oracle.layout import Layout, Vector

#: Outputs that vary less than this share of the median get no more weight for it.
_WEIGHT_CAP = 0.05
#: The slopes at a kink differ by the same at every step, up to this share.
_SAME_GAP = 0.1
#: The least size of a number that keeps all its digits.
_TINY = float(np.finfo(np.float64).tiny)


@dataclass
class Test:
    """One cotangent along a line.

    The claimed number, what a typical entry of each gradient contributes to it, and its norm.
    """

    u: Vector
    claimed: float
    shares: Floats
    norm: float

    @property
    def share(self) -> float:
        """The least that a typical entry contributes."""
        positive = self.shares[self.shares > 0]
        return float(positive.min()) if positive.size else 0.0


@dataclass
class Comparison:
    """What a line showed: outputs on kinks, and tests that disagree, the worst first."""

    kinked: Mask
    suspects: list[Test] = field(default_factory=list)


class Pair:
    """The cheap estimate from two steps: derivative, gap of the slopes, and rounding floor."""

    def __init__(self, line: Line, ladder: Ladder, a: int, b: int, epsilon: float) -> None:
        self.line, self.epsilon = line, epsilon
        self.coarse, self.fine = ladder.step(a), ladder.step(b)
        ratio = self.coarse / self.fine
        self.value = extrapolate(
            line.odd(self.coarse) / (2 * self.coarse), line.odd(self.fine) / (2 * self.fine), ratio
        )
        self.floor: Floats = (ROUNDING * epsilon * np.abs(line.at(self.fine)) + _TINY) / self.fine

    def projected(self, u: Vector) -> tuple[float, float, float]:
        """Estimate, gap of the slopes, and floor of ``u·y``."""
        value = float(u.dot(self.value))
        coarse = float(u.dot(self.line.even(self.coarse))) / self.coarse
        fine = float(u.dot(self.line.even(self.fine))) / self.fine
        weighted = u * self.floor
        floor = math.sqrt(weighted.dot(weighted))
        if not math.isfinite(value + coarse + fine + floor):
            # Some output is not finite at a probe; it may be one that has no weight.
            value = float(project(self.value, u))
            coarse = float(project(self.line.even(self.coarse), u)) / self.coarse
            fine = float(project(self.line.even(self.fine), u)) / self.fine
            floor = float(np.sqrt(project(self.floor**2, u * u)))
        gap = abs(fine)
        # A smooth function's gap shrinks with the step; a kink's does not.
        return value, 0.0 if gap <= abs(coarse) / 2 or gap <= 2 * floor else gap, floor

    def gaps(self) -> tuple[Floats, Floats]:
        """The gap of the slopes of each output at both steps; 0 at the finer where it shrinks."""
        coarse = np.abs(self.line.even(self.coarse)) / self.coarse
        fine = np.abs(self.line.even(self.fine)) / self.fine
        return coarse, np.where((fine <= coarse / 2) | (fine <= 2 * self.floor), 0.0, fine)

    def kinked(self, *, surely: bool) -> Mask:
        """Outputs whose slopes from the two sides differ by more than rounding explains.

        ``surely``: by the same at both steps. At steps at which the function does not look smooth
        yet they may differ by anything.
        """
        coarse, fine = self.gaps()
        found: Mask = fine > SOUGHT * np.abs(self.value)
        if surely:
            found &= np.abs(fine - coarse) <= _SAME_GAP * fine
        return found


def compare(context: Context, line: Line, direction: Direction) -> Comparison:
    """Compare the claim with the function along one line."""
    if context.claim.pull is not None:
        return _compare_pulled(context, line, direction)
    return _compare_columns(context, line, direction)


def sharpen(context: Context, line: Line, direction: Direction) -> None:
    """Better estimates for a pass that resolves little: larger steps have less noise."""
    levels = list(range(context.ladder.count))
    if context.claim.pull is None:
        rows, claimed, shares, norms = _claimed_along(context, line.v, direction.scale)
        measured = slopes(line, context.ladder, levels, context.epsilon)
        limit = MARGIN * measured.error[rows] + ROUNDED * context.epsilon * norms
        agree = np.abs(claimed - measured.value[rows]) <= limit
        agree &= ~measured.kinked[rows]
        _record_columns(context, agree, claimed, measured.value[rows], limit, shares)
        return
    pair = Pair(line, context.ladder, *context.ladder.pairs[0], context.epsilon)
    for u in _cotangents(context, pair):
        test = _test(context, u, line, direction)
        measured = slopes(line, context.ladder, levels, context.epsilon, u)
        if test is not None and not measured.kinked[0]:
            _within(context, test, measured)


# ---- claims that pull a cotangent back -----------------------------------------------------


def _compare_pulled(context: Context, line: Line, direction: Direction) -> Comparison:
    """Compare ``(Jᵀu)·v`` with ``u·Dv``, for two cotangents along one line."""
    result = Comparison(np.zeros(context.point.m, bool))
    tests: list[Test] = []
    for number, (a, b) in enumerate(context.ladder.pairs):
        pair = Pair(line, context.ladder, a, b, context.epsilon)
        if number == 0:
            made = [_test(context, u, line, direction) for u in _cotangents(context, pair)]
            tests = [test for test in made if test is not None]
        tests = [test for test in tests if not _agrees(context, test, pair)]
        if not tests:
            return result
        if number == 0:
            continue
        kinked = pair.kinked(surely=number == 1) & ~result.kinked
        if kinked.any():
            result.kinked |= kinked
            if result.kinked.all():
                return result
            made = [
                _test(context, np.where(result.kinked, 0.0, test.u), line, direction)
                for test in tests
            ]
            tests = [t for t in made if t is not None and not _agrees(context, t, pair)]
            if not tests:
                return result
    levels = list(range(context.ladder.count))
    for test in tests:
        measured = slopes(line, context.ladder, levels, context.epsilon, test.u)
        if not _within(context, test, measured, line.v):
            result.suspects.append(test)
    return result


def _cotangents(context: Context, pair: Pair) -> list[Vector]:
    """Two random cotangents in which every output counts about as much as the others."""
    m = context.point.m
    if m == 1:
        return [np.ones(1)]
    size = np.abs(pair.value)
    size[~np.isfinite(size)] = 0.0
    signs = magnitudes(context.rng, 2 * m)
    typical = typical_size(size)
    if typical == 0:
        return [signs[:m], signs[m:]]
    bound = _WEIGHT_CAP * typical
    capped = bound / np.maximum(size, bound)
    # The second lets outputs that hardly vary count in full, as far as they are not noise: an
    # output that is all noise would drown the others if it were given their weight.
    noisy = np.where(np.isfinite(pair.floor), pair.floor / SOUGHT, 0.0)
    own = np.maximum(np.maximum(size, noisy), _TINY)
    full = np.where(size > 0, own.min() / own, 0.0)
    return [signs[:m] * capped, signs[m:] * full]


def _test(context: Context, u: Vector, line: Line, direction: Direction) -> Test | None:
    """The claimed number for a cotangent; None where only its size makes it overflow."""
    assert context.claim.pull is not None
    try:
        g = context.claim.pull(u)
    except Violation as violation:
        if violation.title != "numerically unstable":
            raise
        # With a cotangent of usual size it has to be finite; this one was made to measure.
        context.claim.pull(magnitudes(context.rng, context.point.m))
        return None
    terms = g * line.v
    return Test(
        u=u,
        claimed=float(terms.sum()),
        shares=_typical_shares(g, direction.scale, context.subject.inputs),
        norm=math.sqrt(terms.dot(terms)),
    )


def _agrees(context: Context, test: Test, pair: Pair) -> bool:
    """The cheap pass: agreement to the error that is sought, or to the function's rounding."""
    measured, gap, floor = pair.projected(test.u)
    limit = max(SOUGHT * test.share, floor + ROUNDED * context.epsilon * test.norm)
    if not abs(test.claimed - measured) <= limit or gap > 2 * limit:
        return False
    context.evidence.record(test.claimed, measured, limit, test.shares, abs(test.claimed))
    return True


def _within(context: Context, test: Test, measured: Slopes, v: Vector | None = None) -> bool:
    """Agreement to the error bound of a careful measurement, and to the rule's own rounding."""
    value, error = float(measured.value[0]), float(measured.error[0])
    limit = MARGIN * error + ROUNDED * context.epsilon * test.norm
    if measured.kinked[0]:
        limit += float(abs(measured.gap[0]) + measured.gap_error[0])
    off = abs(test.claimed - value)
    if v is not None and limit < off < _SAME_GAP * test.norm:
        limit += context.claim_rounding(test.u, v, test.claimed)
    if not off <= limit:
        return False
    context.evidence.record(test.claimed, value, limit, test.shares, abs(test.claimed))
    return True


def _typical_shares(g: Vector, scale: Vector, layout: Layout) -> Floats:
    """The least that one entry of median size contributes to ``g·v``, for each gradient."""
    shares = np.zeros(len(layout.leaves))
    for number, leaf in enumerate(layout.leaves):
        size = np.abs(g[leaf.start : leaf.stop])
        order = size.argsort()
        largest = float(size[order[-1]]) if size.size else 0.0
        if largest == 0:
            continue
        # What is smaller than the sought share of the largest counts as zero.
        zeros = int(np.count_nonzero(size <= SOUGHT * largest))
        middle = (zeros + size.size) // 2
        near = order[max(zeros, middle - 1) : middle + 2]
        shares[number] = 0.5 * (size[near] * scale[leaf.start : leaf.stop][near]).min()
    return shares


# ---- claims of entries and tangents --------------------------------------------------------


def _compare_columns(context: Context, line: Line, direction: Direction) -> Comparison:
    """Compare the claimed ``Jv`` with ``Dv``, output by output, along one line."""
    rows, claimed, shares, norms = _claimed_along(context, line.v, direction.scale)
    result = Comparison(np.zeros(context.point.m, bool))
    left = np.ones(rows.size, bool)
    rounding = ROUNDED * context.epsilon * norms
    for number, (a, b) in enumerate(context.ladder.pairs):
        pair = Pair(line, context.ladder, a, b, context.epsilon)
        _, gaps = pair.gaps()
        measured, gap = pair.value[rows], gaps[rows]
        limit = np.maximum(SOUGHT * shares, pair.floor[rows] + rounding)
        agree = (np.abs(claimed - measured) <= limit) & (gap <= 2 * limit)
        _record_columns(context, left & agree, claimed, measured, limit, shares)
        left &= ~agree
        if not left.any():
            return result
        if number > 0:
            kinked = np.zeros(context.point.m, bool)
            kinked[rows[left]] = pair.kinked(surely=number == 1)[rows[left]]
            result.kinked |= kinked
            left &= ~kinked[rows]
            if not left.any():
                return result
    careful = slopes(line, context.ladder, list(range(context.ladder.count)), context.epsilon)
    value = careful.value[rows]
    limit = MARGIN * careful.error[rows] + rounding
    limit += np.where(careful.kinked[rows], np.abs(careful.gap[rows]), 0.0)
    agree = np.abs(claimed - value) <= limit
    _record_columns(context, left & agree, claimed, value, limit, shares)
    off = np.abs(claimed - value)
    for r in sorted(np.flatnonzero(left & ~agree), key=lambda r: -float(off[r])):
        u = context.unit(int(rows[r]))
        test = Test(u, float(claimed[r]), shares[r, None], float(norms[r]))
        if result.suspects or not _within(context, test, careful.of(int(rows[r])), line.v):
            result.suspects.append(test)
    return result


def _claimed_along(
    context: Context, v: Vector, scale: Vector
) -> tuple[np.ndarray, Floats, Floats, Floats]:
    """Which outputs are claimed, the claimed slope, a typical entry's share, the norm."""
    entries = context.claim.entries
    if entries is None:
        assert context.claim.push is not None
        claimed = context.claim.push(v)
        size = np.abs(claimed)
        return np.arange(size.size), claimed, np.where(size > 0, size, typical_size(size)), size
    weights = v[entries.columns]
    moved = weights != 0
    rows = np.arange(entries.rows.size)
    if entries.mask is not None:
        rows = np.flatnonzero(entries.mask[:, moved].all(axis=1))
    values = entries.values[rows][:, moved]
    terms = values * weights[moved]
    # A row is the gradient of one output; its typical entry is the median non-zero one.
    reach = scale[entries.columns][moved]
    shares = 0.5 * _row_medians(np.abs(values)) * (reach.min() if reach.size else 0.0)
    return entries.rows[rows], terms.sum(axis=1), shares, np.sqrt((terms * terms).sum(axis=1))


def _record_columns(
    context: Context, chosen: Mask, claimed: Floats, measured: Floats, limit: Floats, shares: Floats
) -> None:
    if not chosen.any():
        return
    evidence = context.evidence
    evidence.claimed += claimed[chosen].tolist()
    evidence.measured += measured[chosen].tolist()
    evidence.errors += limit[chosen].tolist()
    known = chosen & (shares > 0)
    # Outputs differ in how well they are resolved; a typical entry is in a typical one.
    resolution = float(np.median(limit[known] / shares[known])) if known.any() else SOUGHT
    evidence.by_gradient = np.minimum(evidence.by_gradient, resolution)
    size = float(np.abs(claimed[chosen]).max())
    best = float(limit[chosen].min()) / size if size > 0 else SOUGHT
    evidence.overall = min(evidence.overall, best)


def _row_medians(size: Floats) -> Floats:
    """The median of the non-zero entries of each row; 0 where there are none.

    What is smaller than the sought share of the largest counts as zero.
    """
    if size.shape[1] <= 1:
        return size.sum(axis=1)
    ordered = np.sort(size, axis=1)
    zeros = np.count_nonzero(ordered <= SOUGHT * ordered[:, -1:], axis=1)
    middle = np.minimum(zeros + (size.shape[1] - zeros) // 2, size.shape[1] - 1)
    medians: Floats = ordered[np.arange(size.shape[0]), middle]
    return medians


def typical_size(size: Floats) -> float:
    """The median of the entries that are not zero; 0 where there are none."""
    ordered = np.sort(size, axis=None)
    zeros = ordered.size - int(np.count_nonzero(ordered))
    return float(ordered[(zeros + ordered.size) // 2]) if zeros < ordered.size else 0.0


def poorly_resolved(context: Context) -> list[int]:
    """The gradients in which a pass so far would only have seen large errors."""
    found = context.evidence.by_gradient
    return [int(k) for k in np.flatnonzero((found > FINE) & np.isfinite(found))]
