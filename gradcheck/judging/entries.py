"""An entry to show for a disagreement: found by probes, measured, and measured right beside."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from gradcheck.contracts import Nonlinear
from gradcheck.hints import said
from gradcheck.judging.comparison import Pair
from gradcheck.judging.context import BESIDE, FURTHER, MARGIN, Context, Floats
from gradcheck.judging.evidence import SOUGHT
from gradcheck.judging.one_entry import measure
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
from gradcheck.oracle.ladder import Line
from gradcheck.oracle.layout import Vector
from gradcheck.oracle.noise import project
from gradcheck.returned import Violation
from gradcheck.verdict import Entry

#: The square of a smaller number is no normal one.
_ROOT_OF_LEAST = 2.0**-511
#: Up to so many ties are moved apart far enough by the smallest step beside.
_MANY_TIES = 8
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
    entry, outcome = measure(context, u, column)
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
    outcome = measure(there, u, column)[1]
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
    """What an entry is at a point beside, see ``measure``; nothing where there is none.

    A rule that has no usable answer there is wrong there.
    """
    beside = context.beside(step=step, scale=scale, mirrored=mirrored)
    if beside is None:
        return ""
    try:
        outcome = measure(beside, u, column, off)[1]
    except Violation:
        outcome = "wrong"
    context.point.evaluations += beside.point.evaluations
    return "wrong" if outcome == "hidden" else outcome


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
        off = abs(claimed - value)
        if measured.kinked[0] or not off > limit:
            continue
        sought = abs(factor) * (off - limit)
        limit += context.claim_rounding(*rounded, factor * claimed, sought) / abs(factor)
        if not off > limit:
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
