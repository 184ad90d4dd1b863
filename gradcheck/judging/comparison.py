"""What the cheap pass has not settled along a line: smaller steps, then a careful second look."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np

from gradcheck.evaluation import announce
from gradcheck.judging.context import MARGIN, Along, Context, Floats, Mask
from gradcheck.judging.evidence import COARSEST, SOUGHT, TINY
from gradcheck.judging.screened import Screened, Test
from gradcheck.judging.stacking import kink_gap
from gradcheck.oracle.directions import positive_medians
from gradcheck.oracle.entry import Slopes, extrapolated, slopes, wide_levels
from gradcheck.oracle.imaginary import Imagined
from gradcheck.oracle.ladder import Ladder, Line, extrapolate
from gradcheck.oracle.layout import Vector
from gradcheck.oracle.noise import ROUNDING, project
from gradcheck.oracle.norms import norms

#: The slopes at a kink differ by the same at every step, up to this share.
_SAME_GAP = 0.1
#: Of rows that disagree, so many are looked into, and by the rule's own rounding.
_MOST_ROWS = 64
_MOST_ROUNDED = 16
#: A test is nearly settled by the cheap pass within so many times its limit.
_NEARLY = 16.0


@dataclass
class Comparison:
    """What a line showed: outputs on kinks, and tests that disagree, the worst first.

    ``doubts`` are tests that agree to the error bound of a careful measurement, not to that of a
    closer one, by which nothing is decided as long as no entry shows it, too. With those that are
    ``unseen`` anything would have agreed.
    """

    kinked: Mask
    suspects: list[Test] = field(default_factory=list)
    doubts: list[Test] = field(default_factory=list)
    unseen: list[Test] = field(default_factory=list)


class Pair:
    """The cheap estimate from two steps: derivative, gap of the slopes, and rounding floor."""

    def __init__(self, line: Line, ladder: Ladder, a: int, b: int, epsilon: float) -> None:
        self.line, self.epsilon = line, epsilon
        self.coarse, self.fine = ladder.step(a), ladder.step(b)
        ratio = self.coarse / self.fine
        self.value = extrapolate(
            line.odd(self.coarse) / (2 * self.coarse), line.odd(self.fine) / (2 * self.fine), ratio
        )
        self.floor: Floats = (ROUNDING * epsilon * np.abs(line.at(self.fine)) + TINY) / self.fine

    def projected(self, u: Vector) -> tuple[float, float, float]:
        """Estimate, gap of the slopes, and floor of ``u·y``."""
        value = float(project(self.value, u))
        coarse = project(self.line.even(self.coarse), u) / self.coarse
        fine = project(self.line.even(self.fine), u) / self.fine
        floor = norms((u * self.floor)[u != 0])
        return value, float(kink_gap(coarse, fine, floor)), float(floor)

    def gaps(self) -> Floats:
        """The gap of the slopes of each output where it is of a kink; else 0."""
        coarse = np.abs(self.line.even(self.coarse)) / self.coarse
        fine = np.abs(self.line.even(self.fine)) / self.fine
        floor = np.maximum(self.floor, self._noise(coarse, fine))
        error = self.line.point.error
        return kink_gap(
            coarse, fine, floor if error is None else np.maximum(floor, error / self.fine)
        )

    def _noise(self, coarse: Floats, fine: Floats) -> Floats:
        """The rounding that gaps which grow show, of outputs of one size; 0 where none grows.

        Of an output that is a sum of large terms the floor, which knows its size alone, says too
        little; and of many outputs some look like kinks by chance. The gap of a kink does not grow
        as the step shrinks, and that of a jump grows as the step shrinks, neither more nor less.
        """
        size = np.abs(self.line.point.y)
        size = np.maximum(size, positive_medians(size))
        jumps = np.abs(fine * self.fine - coarse * self.coarse) <= _SAME_GAP * fine * self.fine
        grows = (fine >= 2 * coarse) & (fine > 2 * self.floor) & ~jumps
        grows &= (size > 0) & np.isfinite(fine)
        if not grows.any():
            return np.zeros(1)
        share: Floats = np.max(fine[grows] / size[grows]) * size
        return share

    def kinked(self, *, surely: bool) -> Mask:
        """Outputs whose slopes from the two sides differ by more than rounding explains.

        ``surely``: by the same at both steps. At steps at which the function does not look smooth
        yet they may differ by anything.
        """
        fine = self.gaps()
        found: Mask = fine > SOUGHT * np.abs(self.value)
        if surely:
            coarse = np.abs(self.line.even(self.coarse)) / self.coarse
            found &= np.abs(fine - coarse) <= _SAME_GAP * fine
        return found


def compare(context: Context, screened: Screened) -> Comparison:
    """Look closer at what the cheap pass has left on a line."""
    if screened.settled:
        return Comparison(np.zeros(context.point.m, bool))
    if context.claim.pull is not None:
        return _compare_pulled(context, screened)
    return _compare_rows(context, screened)


def sharpen(context: Context, screened: Screened, *, wide: bool = False) -> list[Test]:
    """Better estimates along a line: larger steps have less noise. Returns what disagrees.

    ``wide``: by steps beyond the ladder, too.
    """
    line, direction = screened.line, screened.direction
    measure = functools.partial(_closely, context, line, wide=wide)
    if context.claim.pull is None:
        along, rows = context.claimed_along(line.v, direction.scale), context.rows
        measured = measure()
        value = measured.value[rows]
        limit = MARGIN * measured.error[rows] + context.rounded * along.norms
        off = np.abs(along.claimed - value)
        agree = (off <= limit) & ~measured.kinked[rows]
        context.record_rows(along.valid & agree, along.claimed, value, limit, direction)
        tests = _worst_first(context, along, along.valid & ~agree, off / limit)
    else:
        tests = [t for t in screened.retaken(context) if not _is_sharp(context, t, measure(t.u))]
    if context.imagined(line) is None:
        return tests
    return [test for test in tests if contradicted(context, line, test)]


def _closely(
    context: Context, line: Line, u: Vector | None = None, *, wide: bool = False
) -> Slopes:
    """The slopes by extrapolated differences, too; ``wide``: by steps beyond the ladder."""
    ladder = context.ladder
    levels = wide_levels(line, ladder) if wide else list(range(ladder.count))
    return slopes(line, ladder, levels, context.epsilon, u, sampled=wide, aware=wide, closely=True)


def _is_sharp(context: Context, test: Test, measured: Slopes) -> bool:
    return not measured.kinked[0] and _within(context, test, measured)


def _row_test(context: Context, along: Along, r: int, limit: float = 0.0) -> Test:
    """The test of one row of a claim of entries or tangents."""
    u = context.unit(int(context.rows[r]))
    return Test(
        u, float(along.claimed[r]), along.shares.at((r, None)), float(along.norms[r]), limit
    )


def imagine(context: Context, screened: Screened) -> list[Test]:
    """What disagrees along a line with a step in the imaginary direction, if one can be taken.

    It has no noise, so that it tells where the rounding of the function hides what real steps could
    show; what is left is the rule's own rounding.
    """
    found = context.imagined(screened.line)
    if found is None:
        return []
    if context.claim.pull is None:
        return _imagined_rows(context, screened, found)
    tests = screened.retaken(context)
    return [test for test in tests if not _imagined(context, screened, test, found)]


def _imagined(context: Context, screened: Screened, test: Test, found: Imagined) -> bool:
    """Agreement to the error bound of an imaginary step, and to the rule's own rounding."""
    value = float(project(found.value, test.u))
    limit = MARGIN * float(np.abs(test.u) @ found.error) + context.rounded * test.norm
    limit = max(limit, test.limit, SOUGHT * test.share)
    off = abs(test.claimed - value)
    if off > limit:
        limit += context.claim_rounding(test.u, screened.line.v, test.claimed, off - limit)
    if off > limit:
        return False
    test.record(context, value, limit)
    return True


def _imagined_rows(
    context: Context, screened: Screened, found: Imagined, left: Mask | None = None
) -> list[Test]:
    """The rows, of those that are ``left``, that do not agree with an imaginary step.

    Of very many that differ the rule's own rounding is looked at for the worst alone: where it
    explains these, nothing is known of the others.
    """
    line, direction, rows = screened.line, screened.direction, context.rows
    along = context.claimed_along(line.v, direction.scale)
    left = along.valid if left is None else left
    value = found.value[rows]
    limit = MARGIN * found.error[rows] + context.rounded * along.norms
    limit = np.maximum(limit, SOUGHT * along.shares.every)
    off = np.abs(along.claimed - value)
    agree, suspects = off <= limit, []
    for test in _worst_first(context, along, left & ~agree, off / limit)[:_MOST_ROUNDED]:
        r = int(np.flatnonzero(rows == np.argmax(test.u))[0])
        apart = float(off[r] - limit[r])
        explained = context.claim_rounding(test.u, line.v, test.claimed, apart)
        agree[r] = apart <= explained
        limit[r] += explained
        if not agree[r]:
            suspects.append(test)
    context.record_rows(left & agree, along.claimed, value, limit, direction)
    return suspects


def _worst_first(
    context: Context, along: Along, chosen: Mask, off: Floats, limits: Floats | None = None
) -> list[Test]:
    """The tests of some rows, those first that are off the most."""
    found = np.flatnonzero(chosen)
    worst = found[np.argsort(-off[found])][:_MOST_ROWS].tolist()
    return [
        _row_test(context, along, r, 0.0 if limits is None else float(limits[r])) for r in worst
    ]


def _open_rows(
    context: Context, line: Line, along: Along, agree: Mask, off: Floats, cheap: Floats
) -> list[Test]:
    """The tests of rows that ``agree``, but not as closely as the cheap pass asks."""
    tests = _worst_first(context, along, agree & (off > cheap), off, cheap)
    return [test for test in tests if _is_open(context, line, test)]


def contradicted(context: Context, line: Line, test: Test) -> bool:
    """Whether a closer estimate disagrees: by an imaginary step, or one that is extrapolated."""
    found = context.imagined(line)
    if found is not None:
        value, error = float(project(found.value, test.u)), float(np.abs(test.u) @ found.error)
    else:
        value, error = extrapolated(line, context.ladder, context.epsilon, test.u)
    limit = error + context.rounded * test.norm
    off = abs(test.claimed - value)
    if off > limit:
        limit += context.claim_rounding(test.u, line.v, test.claimed, off - limit)
    return off > limit


# ---- claims that pull a cotangent back -----------------------------------------------------


def _compare_pulled(context: Context, screened: Screened) -> Comparison:
    """Compare ``(Jᵀu)·v`` with ``u·Dv`` for the cotangents that disagreed at the first steps."""
    result = Comparison(np.zeros(context.point.m, bool))
    line, tests = screened.line, screened.tests
    if context.is_large and all(test.off <= _NEARLY * test.limit for test in tests):
        # Of sums of many terms there is more rounding than the floor knows. Larger steps tell it at
        # little cost; a shape that is smaller than these they do not see.
        wider = Pair(line, context.ladder, *context.ladder.wider, context.epsilon)
        tests = [test for test in tests if not _agrees(context, test, wider)]
        if not tests:
            return result
    for number, (a, b) in enumerate(context.ladder.pairs[1:]):
        pair = Pair(line, context.ladder, a, b, context.epsilon)
        tests = [test for test in tests if not _agrees(context, test, pair)]
        result.doubts = [t for t in screened.tests if t not in tests and _doubted(context, line, t)]
        if not tests:
            return result
        kinked = pair.kinked(surely=number == 0) & ~result.kinked
        if kinked.any():
            result.kinked |= kinked
            if result.kinked.all():
                return result
            left = [np.where(result.kinked, 0.0, test.u) for test in tests]
            announce([(context.claim, left)])
            made = [screened.test(context, u) for u in left]
            tests = [test for test in made if not _agrees(context, test, pair)]
            if not tests:
                return result
    exact = None if result.kinked.any() else context.imagined(line)
    if exact is not None:
        result.suspects = [t for t in tests if not _imagined(context, screened, t, exact)]
        if context.is_large:
            # The bound is wide for so many entries: one may still contradict what it allows.
            result.doubts += [t for t in tests if t not in result.suspects and t.off > t.limit > 0]
        return result
    levels = list(range(context.ladder.count))
    for test in tests:
        if not any(
            _within(
                context, test,
                slopes(line, context.ladder, levels, context.epsilon, test.u, aware=aware), line.v,
            )
            for aware in (False, True)
        ):  # fmt: skip
            result.suspects.append(test)
            continue
        if _doubted(context, line, test):
            result.doubts.append(test)
        if not test.tells(test.within):
            result.unseen.append(test)
    return result


def seen_widely(context: Context, line: Line, test: Test) -> bool | None:
    """Whether an unseen test agrees by steps beyond the ladder; None where they do not tell."""
    measured = _closely(context, line, test.u, wide=True)
    if measured.kinked[0]:
        return None
    off, limit = _apart(context, test, measured, None)
    if off > limit:
        limit += context.claim_rounding(test.u, line.v, test.claimed, off - limit)
    if not off <= limit:
        return False
    return True if test.tells(limit) else None


def _doubted(context: Context, line: Line, test: Test) -> bool:
    """Whether a test agreed by an interval that is wider than the cheap pass', and should not."""
    return test.off > test.limit and _is_open(context, line, test)


def _is_open(context: Context, line: Line, test: Test) -> bool:
    """Whether no closer estimate refutes what the cheap pass has shown.

    Of many inputs or outputs the bounds of any are wide as well: there the number itself has to be
    as close as the cheap pass asks, where a step in the imaginary direction tells it, and settles
    it as well as that pass would have.
    """
    if not context.is_large:
        return contradicted(context, line, test)
    found = context.imagined(line)
    if found is None:
        return True
    value = float(project(found.value, test.u))
    if not abs(test.claimed - value) <= test.limit:
        return True
    if context.claim.pull is not None:
        test.record(context, value, test.limit)
    return False


def _agrees(context: Context, test: Test, pair: Pair) -> bool:
    """The cheap pass: agreement to the error that is sought, or to the function's rounding."""
    measured, gap, floor = pair.projected(test.u)
    limit = max(SOUGHT * test.share, floor + context.rounded * test.norm)
    if not abs(test.claimed - measured) <= limit or gap > 2 * limit:
        return False
    if not test.tells(limit):
        return False
    test.record(context, measured, limit)
    return True


def _within(context: Context, test: Test, measured: Slopes, v: Vector | None = None) -> bool:
    """Agreement to the error bound of a careful measurement, and to the rule's own rounding."""
    off, limit = _apart(context, test, measured, v)
    if not off <= limit:
        return False
    test.record(context, float(measured.value[0]), limit)
    return True


def _apart(context: Context, test: Test, measured: Slopes, v: Vector | None) -> tuple[float, float]:
    """How far a claim is off a careful measurement, and how far it may be.

    By the error bound, and along ``v`` by the rule's own rounding.
    """
    limit = MARGIN * float(measured.error[0]) + context.rounded * test.norm
    if measured.kinked[0]:
        limit += float(abs(measured.gap[0]) + measured.gap_error[0])
    off = abs(test.claimed - float(measured.value[0]))
    if v is not None and limit < off < _SAME_GAP * test.norm:
        limit += context.claim_rounding(test.u, v, test.claimed, off - limit)
    return off, limit


# ---- claims of entries and tangents --------------------------------------------------------


def _compare_rows(context: Context, screened: Screened) -> Comparison:
    """Compare the claimed ``Jv`` with ``Dv`` for the rows that disagreed at the first steps."""
    along, line, direction = screened.along, screened.line, screened.direction
    assert along is not None
    assert screened.left is not None
    assert screened.limits is not None
    result = Comparison(np.zeros(context.point.m, bool))
    left, rows, claimed = screened.left.copy(), context.rows, along.claimed
    cheap = screened.limits
    rounding = context.rounded * along.norms
    for number, (a, b) in enumerate(context.ladder.pairs[1:]):
        pair = Pair(line, context.ladder, a, b, context.epsilon)
        measured = pair.value[rows]
        limit = np.maximum(SOUGHT * along.shares.every, pair.floor[rows] + rounding)
        agree = (np.abs(claimed - measured) <= limit) & (pair.gaps()[rows] <= 2 * limit)
        agree &= limit <= COARSEST * along.shares.bulk
        context.record_rows(left & agree, claimed, measured, np.maximum(limit, cheap), direction)
        off = np.abs(claimed - measured)
        result.doubts += _open_rows(context, line, along, left & agree, off, cheap)
        left &= ~agree
        if not left.any():
            return result
        kinked = np.zeros(context.point.m, bool)
        kinked[rows[left]] = pair.kinked(surely=number == 0)[rows[left]]
        result.kinked |= kinked
        left &= ~kinked[rows]
        if not left.any():
            return result
    exact = None if result.kinked.any() else context.imagined(line)
    if exact is not None:
        result.suspects = _imagined_rows(context, screened, exact, left)
        if context.is_large and not result.suspects:
            # The bound is wide for so many entries: one may still contradict what it allows.
            off = np.abs(claimed - exact.value[rows])
            result.doubts += _worst_first(context, along, left & (off > cheap), off)
        return result
    levels = list(range(context.ladder.count))
    for aware in (False, True):
        careful = slopes(line, context.ladder, levels, context.epsilon, aware=aware)
        value = careful.value[rows]
        limit = MARGIN * careful.error[rows] + rounding
        limit += np.where(careful.kinked[rows], np.abs(careful.gap[rows]), 0.0)
        off = np.abs(claimed - value)
        agree = off <= limit
        context.record_rows(left & agree, claimed, value, np.maximum(limit, cheap), direction)
        result.doubts += _open_rows(context, line, along, left & agree, off, cheap)
        left &= ~agree
        if not left.any():
            return result
    rounded = np.zeros(rows.size, bool)
    for r in sorted(np.flatnonzero(left), key=lambda r: -float(off[r])):
        test = _row_test(context, along, int(r))
        if not result.suspects:  # one is enough to look for an entry
            apart, limit[r] = _apart(context, test, careful.of(int(rows[r])), line.v)
            rounded[r] = apart <= limit[r]
        if not rounded[r]:
            result.suspects.append(test)
    context.record_rows(rounded, claimed, value, limit, direction)
    context.record_explained(rounded, limit, direction)
    return result


def poorly_resolved(context: Context) -> list[int]:
    """The gradients in which a pass so far would only have seen large errors."""
    found = context.sought.by_gradient
    return [int(k) for k in np.flatnonzero((found > context.fine) & np.isfinite(found))]
