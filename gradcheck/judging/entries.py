"""An entry to show for a disagreement: found by probes, measured, and measured right beside."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from gradcheck.contracts import Nonlinear
from gradcheck.hints import said
from gradcheck.judging.comparison import Pair
from gradcheck.judging.context import BESIDE, FURTHER, MARGIN, Context, Floats
from gradcheck.judging.evidence import COARSEST, SOUGHT
from gradcheck.judging.screened import Test
from gradcheck.judging.screening import BOTH
from gradcheck.localization import (
    narrowed_column,
    suspect_column,
    suspect_output,
    weighed_column,
)
from gradcheck.oracle.directions import Scale
from gradcheck.oracle.entry import (
    coordinate_line,
    coordinate_reach,
    measure_along,
    moved_by,
    slopes,
)
from gradcheck.oracle.imaginary import Imagined
from gradcheck.oracle.ladder import Line
from gradcheck.oracle.layout import Vector
from gradcheck.oracle.noise import project
from gradcheck.returned import Violation
from gradcheck.verdict import Entry

#: The square of a smaller number is no normal one.
_ROOT_OF_LEAST = 2.0**-511
#: Up to so many ties are moved apart far enough by the smallest step beside.
_MANY_TIES = 8
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
#: What float32 rounds to, 2⁻²⁴ of a number, after the few operations that move it further.
_TREAD = 2.0**-20
#: Steps are better than the usual ones if what they show is off by so many times less.
_CLEARLY = 4.0


def settle(context: Context, line: Line, suspect: Test) -> None:
    """Find the entry that a disagreement comes from, and measure it."""
    evidence = context.evidence
    outcome = _pursue(context, line, suspect)
    if outcome == "kink":
        evidence.kinks += 1
    elif outcome == "still":
        evidence.stands_still = True
    elif outcome == "right":
        evidence.undecided = said(
            "a combination of entries disagrees with the function, but no single entry lies "
            "outside its measured interval",
            "若干元素的组合与函数不符，但没有哪一个元素落在自己的测量区间之外",
        )
    elif outcome == "unseen":
        evidence.undecided = said(
            "an entry disagrees with the function here, but beside the point that is too small to "
            "be seen, so that there may be a kink",
            "此处有一个元素与函数不符，但在该点旁边这一差别太小而看不出来，因此这里可能有折点",
        )


def doubt(context: Context, line: Line, doubts: list[Test]) -> None:
    """Look for the entry behind the first disagreement with an estimate.

    By an estimate alone nothing fails.
    """
    if doubts and context.evidence.wrong is None and _pursue(context, line, doubts[0]) == "still":
        context.evidence.stands_still = True


def _estimated(context: Context, along: Line, pair: tuple[int, int]) -> Floats:
    return Pair(along, context.ladder, *pair, context.epsilon).value


def _best_pair(context: Context, line: Line, u: Vector) -> tuple[int, int]:
    """The two steps by which lines are to be estimated when an entry is sought.

    Those of the second pair have less truncation than the first; but where the function has more
    rounding than most, larger ones may be closer to what a careful look at the whole line shows.
    """
    usual, *others = context.ladder.pairs[1], context.ladder.pairs[0], context.ladder.wider
    if context.is_large:
        return usual
    levels = list(range(context.ladder.count))
    careful = slopes(line, context.ladder, levels, context.epsilon, u, aware=True)

    def off(pair: tuple[int, int]) -> float:
        return abs(float(project(_estimated(context, line, pair), u)) - float(careful.value[0]))

    largest = off(usual) / _CLEARLY
    closer = [pair for pair in others if off(pair) < largest]
    return min(closer, key=off, default=usual)


def _imagined(context: Context, along: Line) -> Floats:
    # On the whole of the line real steps have confirmed it.
    assert context.point.imaginary is not None
    found = context.point.imaginary(along.v, unbounded=True)
    return np.full(context.point.m, np.nan) if found is None else found.value


def _pursue(context: Context, line: Line, test: Test) -> str:
    """What comes of a disagreement; see ``_examine``.

    The input is sought by weights first, which is cheap, and by halves where the one that is found
    so is right; the output by halves. A rule that is right for every single output may be wrong for
    several together.
    """

    def residual(u: Vector, v: Vector, measured: Floats) -> float:
        off = context.claim.number(u, v) - float(project(measured, u))
        return off if np.isfinite(off) else 0.0

    estimate: Callable[[Context, Line], Floats] = _imagined
    if context.imagined(line) is None:
        estimate = functools.partial(_estimated, pair=_best_pair(context, line, test.u))
    several = np.count_nonzero(test.u) > 1
    along = estimate(context, line)
    single = suspect_output(test.u, lambda part: residual(part, line.v, along))
    outcome = "right"
    for u in (single, test.u) if several else (single,):
        if np.count_nonzero(u) == 1:
            u = (u != 0).astype(np.float64)

        def of_line(v: Vector, u: Vector = u) -> float:
            v = context.point.inside(v)
            return residual(u, v, estimate(context, Line(context.point, v, u)))

        whole = residual(u, line.v, along)
        column = weighed_column(line.v, whole, of_line)
        if column is not None:
            outcome = _examine(context, u, column)
        if column is not None and outcome == "right":
            narrowed = narrowed_column(line.v, whole, of_line, column)
            if narrowed not in (None, column):
                column = narrowed
                outcome = _examine(context, u, column)
        if outcome == "right":
            halved = suspect_column(line.v, of_line)
            outcome = outcome if halved == column else _examine(context, u, halved)
        if outcome != "right":
            break
    return outcome


def _examine(context: Context, u: Vector, column: int) -> str:
    """``"wrong"``, ``"right"``, ``"kink"``, ``"unseen"`` or ``"still"``: one entry, and beside.

    A rule that is wrong nowhere but at the point itself is not accused: the function may have a
    kink there that cannot be seen from it alone, unless it is made of smooth operations.
    """
    entry, outcome = _measure(context, u, column)
    if entry is not None and not context.is_beside:
        off = abs(entry.claimed - entry.measured)
        beside = _beside(context, u, column, off, hidden=outcome == "hidden")
        if beside != "wrong" and not context.subject.is_analytic:
            outcome = beside
    if outcome == "hidden":
        outcome = "wrong"
    if outcome == "wrong" and _squares_underflow(context, column):
        outcome = "right"
    if outcome == "wrong" and _right_where_narrowed(context, u, column):
        outcome = "right"
    if outcome == "wrong" and entry is not None and _literals_explain(context, u, column, entry):
        outcome = "right"
    if outcome == "wrong":
        context.evidence.wrong, context.evidence.by = entry, (u, column)
        context.evidence.title = "wrong value"
        context.evidence.probe = context.probe(u)
    return outcome


def _right_where_narrowed(context: Context, u: Vector, column: int) -> bool:
    """Whether an entry is right at the inputs as a rule in a narrower type has rounded them.

    Beside a pole these are far away, and how far no jitter on their side of it shows. Or they are
    on a kink, as where inputs that differ by less than it sees are a tie for the rule.
    """
    there = context.narrowed()
    if there is None:
        return False
    outcome = _measure(there, u, column)[1]
    context.point.evaluations += there.point.evaluations
    return outcome in ("right", "kink")


def _literals_explain(context: Context, u: Vector, column: int, entry: Entry) -> bool:
    """Whether what is computed from numbers that are written in the code is rounded by so much."""
    reach = coordinate_reach(context.point, column)[0]
    line = coordinate_line(context.point, column, reach, context.ladder)
    off = abs(entry.claimed - entry.measured) * abs(moved_by(line, column))
    rounding = context.rounding_at(u, line.v, context.claim.number(u, line.v))
    return rounding.of_literals() >= off


def _squares_underflow(context: Context, column: int) -> bool:
    """Whether an input is so small that its square has lost digits, which shows in no output."""
    return max(coordinate_reach(context.point, column)) < _ROOT_OF_LEAST


def _beside(context: Context, u: Vector, column: int, off: float, *, hidden: bool) -> str:
    """Whether the entry is wrong right beside the point as well, by one scale or the other.

    ``"kink"`` where it is not, and ``"unseen"`` where that cannot be told. A point beside by the
    spread of the inputs is far away from one that is small among them. Of many ties, as in a sort,
    those that were moved apart are still too close to be told: these have to be wrong further away.
    So has what is ``off`` by less than can be seen right beside, where inputs that were 0 are tiny,
    and steps of their size show little; and what a kink explains that would be ``hidden`` by noise:
    right beside, the steps that measure a slope best go over it still.
    """

    def look(step: float) -> set[str]:
        found: set[str] = set()
        for scale in BOTH:
            if "wrong" not in found:
                found.add(_at(context, u, column, step, scale, off=off))
        return found

    seen = look(FURTHER if hidden else BESIDE)
    too_close = "wrong" in seen and not hidden and many_ties(context, column)
    if too_close or ("unseen" in seen and not seen & {"wrong", "right", "kink"}):
        seen = look(FURTHER)
    for outcome in ("wrong", "still"):
        if outcome in seen:
            return outcome
    return "unseen" if seen - {""} == {"unseen"} else "kink"


def many_ties(context: Context, column: int) -> bool:
    """Whether so many inputs are equal to one that moving them apart leaves them close."""
    x = context.point.x
    return bool(np.count_nonzero(x == x[column]) > _MANY_TIES)


def wrong_at(
    context: Context, u: Vector, column: int, step: float, scale: Scale, *, mirrored: bool = False
) -> bool:
    """Whether an entry is wrong at a point beside; ``mirrored``: on the other side."""
    return _at(context, u, column, step, scale, mirrored=mirrored) == "wrong"


def _at(
    context: Context,
    u: Vector,
    column: int,
    step: float,
    scale: Scale,
    *,
    mirrored: bool = False,
    off: float = np.inf,
) -> str:
    """What an entry is at a point beside, see ``_measure``; nothing where there is none.

    A rule that has no usable answer there is wrong there.
    """
    beside = context.beside(step=step, scale=scale, mirrored=mirrored)
    if beside is None:
        return ""
    try:
        outcome = _measure(beside, u, column, off)[1]
    except Violation:
        outcome = "wrong"
    context.point.evaluations += beside.point.evaluations
    return "wrong" if outcome == "hidden" else outcome


def _measure(
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


def _exactly(context: Context, line: Line, u: Vector, claimed: float) -> Imagined | None:
    """The slopes by an imaginary step, where one can be taken and a disagreement be blamed on it.

    Not where a comparison inside the function comes to something else within usual steps: what a
    bisection finds, such a step takes for constant.
    """
    exact = context.imagined(line)
    if exact is None or not any(exact.decisions) or _agrees(context, exact, u, claimed):
        return exact
    step = context.ladder.step(context.ladder.pairs[0][1]) * line.v
    ends = (context.point.x + step, context.point.x - step)
    alike = all(context.subject.decisions_at(x) == exact.decisions for x in ends)
    return exact if alike else None


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


def settle_nonlinear(context: Context, seen: Nonlinear) -> None:
    """Fail a rule that is not linear where one of its two answers is measurably wrong."""
    claim, point = context.claim, context.point
    pulled = claim.pull is not None
    answer = claim.pull if claim.pull is not None else claim.push
    assert answer is not None
    for factor in (1.0, seen.factor):
        given = float(answer(factor * seen.u)[seen.position]) / factor
        if pulled:
            reach = coordinate_reach(point, seen.position)[0]
            line = coordinate_line(point, seen.position, reach, context.ladder)
            along = float(line.v[seen.position])
            u, rounded = seen.u, (factor * seen.u, line.v)
        else:
            line, along = Line(point, seen.u), 1.0
            u = context.unit(seen.position)
            rounded = (u, factor * seen.u)
        if along == 0:
            continue
        measured = measure_along(line, u, context.ladder, context.epsilon)
        claimed, value = given * along, float(measured.value[0])
        limit = max(MARGIN * float(measured.error[0]), SOUGHT * abs(claimed))
        limit += claim.least * abs(along)
        limit += context.claim_rounding(*rounded, factor * claimed) / abs(factor)
        if measured.kinked[0] or not abs(claimed - value) > limit:
            continue
        what = "cotangent" if pulled else "tangent"
        context.evidence.title = f"not linear in the {what}"
        if pulled:
            leaf, index = context.subject.inputs.locate(seen.position)
            entry = Entry(leaf.label, index, "", (), given, value / along, abs(limit / along))
            context.evidence.probe = context.probe(factor * seen.u)
            if factor != 1.0:
                # The answer for the cotangent that is shown.
                entry = Entry(
                    leaf.label, index, "", (), given * factor, value / along * factor,
                    abs(limit / along * factor),
                )  # fmt: skip
        else:
            name, index = context.subject.outputs.locate(seen.position)
            entry = Entry("direction", (), name.label, index, claimed, value, limit)
        context.evidence.wrong = entry
        return
