"""One entry, measured by both scales, and what may explain that a claim differs from that."""

from __future__ import annotations

import numpy as np

from gradcheck.judging.context import MARGIN, Context
from gradcheck.judging.evidence import COARSEST, SOUGHT
from gradcheck.oracle.entry import coordinate_line, coordinate_reach, measure_along, moved_by
from gradcheck.oracle.imaginary import Imagined
from gradcheck.oracle.ladder import Line
from gradcheck.oracle.layout import Vector
from gradcheck.oracle.noise import project
from gradcheck.verdict import Entry

#: The second ladder's steps are not those of the first even where both scales are the same.
_FRESH = 0.7
#: Two scales that differ by less than one level of the ladder show the same.
_ALIKE = 8.0
#: So many steps in a row agree with a claim if each is off by less than this share of what the
#: smallest are. No bound gives the share: it was 1/64 until the treads of 1 - h reached the third
#: step, and it takes accusations back, never makes one.
_IN_A_ROW = 3
_CLOSE = 2.0**-3
#: A line is one up to so many units of the last digit of what comes out (of two ends and a middle,
#: times the ratio of two steps), and departs from it at once if by so many; a jump of a number
#: inside is of some units of its last digit.
_OWN, _SUDDEN, _DIGITS = 2.0**6, 2.0**20, 2.0**3
#: More rounding than was seen of an imaginary step by so many times is no chance: over the corpus,
#: at 907 points, it was at most 2¹·⁵ times in float64, and 2²⁵ in the median in float32.
_FEWER_DIGITS = 2.0**8
#: What is off by more than this share is not so by such digits, and they need not be looked for.
_BY_DIGITS = 2.0**-10
#: What float32 rounds to, 2⁻²⁴ of a number, after the few operations that move it further.
_TREAD = 2.0**-20


def measure(
    context: Context, u: Vector, column: int, sought: float = np.inf
) -> tuple[Entry | None, str]:
    """The entry by both scales: wrong if outside the interval of each that can tell.

    Where the scales are alike, by one at the point and by the other beside it. It is ``"right"``
    otherwise, or ``"unseen"`` where the interval is too wide to tell whether it is off by as much
    as is ``sought``. One that holds the claim and the number that the other scale measures as well
    cannot tell, as long as it is fine enough to show that both measure the same slope. It is
    ``"still"`` where it is not known whether a function that does not move rounds, and ``"hidden"``
    where it is wrong unless there is a kink that the noise hides: the slope of one of its sides.
    """
    hidden = True
    best: Entry | None = None
    coarse: Entry | None = None
    acquits = "right"
    spread, magnitude = coordinate_reach(context.point, column)
    reaches = [spread, _FRESH * magnitude]
    if max(reaches) < _ALIKE * min(reaches):
        reaches = reaches[1:] if context.is_beside else reaches[:1]
    for reach in reaches:
        line = coordinate_line(context.point, column, reach, context.ladder, u)
        along = moved_by(line, column)
        if along == 0:
            return None, "right"
        claimed = context.claim.number(u, line.v)
        exact = _exactly(context, line, u, claimed)
        if exact is not None:
            value, error = float(project(exact.value, u)), float(np.abs(u) @ exact.error)
            kink = 0.0
        else:
            doubted = _agrees_doubtfully(context, line, u)
            if doubted is not None and not doubted.decisions:
                return None, "right"
            measured = measure_along(
                line, u, context.ladder, context.epsilon,
                wary=doubted is not None, sure=context.subject.is_measured,
            )  # fmt: skip
            if measured.kinked[0]:
                return None, "kink"
            value, error = float(measured.value[0]), float(measured.error[0])
            kink = float(abs(measured.gap[0]) + measured.gap_error[0]) / 2
        limit = MARGIN * error + context.rounded * abs(claimed) + context.claim.least * abs(along)
        limit = max(limit, SOUGHT * abs(claimed))  # less is not sought
        if not np.isfinite(limit):
            continue
        off = abs(claimed - value)
        if off > limit:
            # Even where the claim is all of it: a sum that should cancel may be rounding alone.
            limit += context.claim_rounding(u, line.v, claimed, off - limit)
        if limit == np.inf:
            continue
        output = int(np.argmax(np.abs(u)))
        found = context.entry(output, column, claimed / along, value / along, limit / along)
        if not off > limit:
            acquits = "unseen" if limit > sought * abs(along) else "right"
            if not SOUGHT * abs(claimed) < limit < COARSEST * abs(claimed):
                return None, acquits
            coarse = found
            continue
        if exact is None and _stands_still(context, line, u, claimed):
            return None, "still"
        if exact is None and agrees_further_out(context, line, u, claimed, off):
            return None, "right"
        hidden &= off <= kink
        if best is None or found.error < best.error:
            best = found
    wrong = "hidden" if hidden else "wrong"
    if coarse is None:
        return best, "right" if best is None else wrong
    if best is not None and abs(coarse.measured - best.measured) <= coarse.error + best.error:
        return best, wrong
    return None, acquits


def _exactly(context: Context, line: Line, u: Vector, claimed: float) -> Imagined | None:
    """The slopes by an imaginary step, where one can be taken and a disagreement be blamed on it.

    Not where a comparison inside the function comes to something else within usual steps: what a
    bisection finds, such a step takes for constant. Nor where the function rounds by far more than
    was seen of the step, as one does that makes real arrays narrower, and takes others as they are.
    """
    exact = context.imagined(line)
    if exact is None or _agrees(context, exact, u, claimed):
        return exact
    off = abs(claimed - float(project(exact.value, u)))
    if off < _BY_DIGITS * abs(claimed) and _is_of_more_digits(context, exact, u):
        return None
    if not any(exact.decisions):
        return exact
    step = context.ladder.step(context.ladder.pairs[0][1]) * line.v
    ends = (context.point.x + step, context.point.x - step)
    alike = all(context.subject.decisions_at(x) == exact.decisions for x in ends)
    return exact if alike else None


def _is_of_more_digits(context: Context, exact: Imagined, u: Vector) -> bool:
    """Whether an imaginary step was computed in more digits than the function computes in."""
    known, point = context.point.rounding, context.point
    if known is None or exact.blur is None:
        return False
    seen = exact.blur + context.ladder.epsilon * np.abs(point.y)
    return bool(np.any((u != 0) & (known > _FEWER_DIGITS * seen)))


def _agrees(context: Context, found: Imagined, u: Vector, claimed: float) -> bool:
    limit = MARGIN * float(np.abs(u) @ found.error) + SOUGHT * abs(claimed)
    return abs(claimed - float(project(found.value, u))) <= limit


def _agrees_doubtfully(context: Context, line: Line, u: Vector) -> Imagined | None:
    """An imaginary step that agrees with a claim, though it may not be taken for exact.

    Where real steps do not confirm it, the function does something else with other numbers, or they
    average over a shape that is smaller: such a shape is noise to them. A function that compares
    nothing does the same with all numbers, and the claim is right.
    """
    found = context.doubtful(line)
    agrees = found is not None and _agrees(context, found, u, context.claim.number(u, line.v))
    return found if agrees else None


def agrees_further_out(context: Context, line: Line, u: Vector, claimed: float, off: float) -> bool:
    """Whether a claim that disagrees with small steps agrees with some larger ones in a row.

    Where a number inside has few digits left, as 1 - h has for an h near 1, a part of the function
    stands still for small steps, and these agree among each other. That it is rounding, not a shape
    of the function, is known only where that can be measured.
    """
    steps = [context.ladder.step(level) for level in range(context.ladder.count)]
    slopes = np.array([float(project(line.odd(h), u)) / (2 * line.taken(h)) for h in steps])
    close = np.abs(slopes - claimed) <= _CLOSE * off
    agrees = any(close[k : k + _IN_A_ROW].all() for k in range(len(steps) - _IN_A_ROW + 1))
    hidden = agrees or off <= _left_open(context, line, u, steps)
    return bool(hidden) and context.point.rounding is None


def _left_open(context: Context, line: Line, u: Vector, steps: list[float]) -> float:
    """By how much jumps by the last digits of a number inside leave a slope open; 0 without any.

    ``x * (1 + erf(x))`` is a line between two jumps of ``1 + erf(x)``, and only their size over the
    step at which they begin is known of its slope. A smooth function that is a line up to its last
    digits is so still, nearly, at a step a few octaves longer: it does not depart by millions of
    them at once. That a jump is by last digits is told by its size: of a number about 1, or about
    the input.
    """
    odd, even = (
        np.array([float(project(side(h), u)) for h in steps]) for side in (line.odd, line.even)
    )
    taken = np.array([line.taken(h) for h in steps])
    # Each against the line that the next smaller step shows, of which the rounding grows least.
    off = np.abs(odd[:-1] - odd[1:] * (taken[:-1] / taken[1:])) + np.abs(even[:-1])
    own = context.ladder.epsilon * float(np.abs(u) @ np.abs(context.point.y))
    departs = np.flatnonzero(off > _SUDDEN * own)
    if not departs.size or departs[-1] + 1 + _IN_A_ROW > len(off):
        return 0.0
    first = departs[-1]
    inside = max(1.0, float(np.abs(context.point.x[line.v != 0]).max(initial=0.0)))
    last_digits = _DIGITS * context.ladder.epsilon * inside * float(np.abs(u).max())
    sudden = off[first + 1 :].max() <= _OWN * own
    return float(off[first] / taken[first]) if sudden and off[first] <= last_digits else 0.0


def _stands_still(context: Context, line: Line, u: Vector, claimed: float) -> bool:
    """Whether a function stands still, as is claimed, but for moves of its last digits.

    It may compute in fewer digits than it is given, or be a staircase of low treads, whose slope is
    0. Those are known apart whose rounding can be measured, or that are known to have fewer digits,
    and staircases whose treads are higher.
    """
    ladder, point = context.ladder, context.point
    if ladder.is_narrow or point.rounding is not None:
        return False
    steps = [ladder.step(level) for level in range(ladder.count)]
    moved = np.abs([float(project(line.odd(h), u)) for h in steps])
    if moved.all() or not moved.any():
        return False
    tread = moved[moved > 0].min()
    low = tread <= _TREAD * (np.abs(u) @ np.abs(point.y))
    return bool(low and 2 * abs(claimed) * steps[0] <= tread)


def contradicts(context: Context, u: Vector, entry: Entry, column: int) -> bool:
    """Whether what is measured of an entry at a context is not what another has measured."""
    for reach in coordinate_reach(context.point, column):
        line = coordinate_line(context.point, column, reach, context.ladder, u)
        along = moved_by(line, column)
        sure = context.subject.is_measured
        measured = measure_along(line, u, context.ladder, context.epsilon, sure=sure)
        if along and not measured.kinked[0]:
            value, error = (float(part[0]) / along for part in (measured.value, measured.error))
            if abs(entry.measured - value) > entry.error + MARGIN * error:
                return True
    return False
