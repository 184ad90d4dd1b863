"""What can be said at a kink: a declared convention, one basic kink, ties, and the point beside.

From the function alone 0 and 1 are equally good at ReLU(0), and where several kinks meet not even
the interval between the slopes from the two sides bounds a right chain-rule answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.hints import said
from gradcheck.judging.comparison import Pair
from gradcheck.judging.context import BESIDE, FURTHER, MARGIN, Context, Floats, Mask
from gradcheck.judging.entries import many_ties, wrong_at
from gradcheck.judging.evidence import COARSEST, SOUGHT, Evidence
from gradcheck.judging.one_entry import agrees_further_out
from gradcheck.judging.screening import BOTH
from gradcheck.oracle.directions import finish, magnitudes, scales
from gradcheck.oracle.elementwise import Sides, elementwise_sides, is_elementwise
from gradcheck.oracle.entry import measure_along, wide_levels
from gradcheck.oracle.ladder import Line
from gradcheck.oracle.layout import Vector
from gradcheck.oracle.point import Point
from gradcheck.returned import Violation, raises
from gradcheck.signatures import Signature
from gradcheck.verdict import Entry

#: Why nothing is decided where there are kinks beside the point as well.
SURROUNDED = said("the point is surrounded by kinks", "该点四周都是折点")
#: How many outputs are judged along a direction that keeps ties.
_MOST_TIED = 2
#: The slope of a side changes by less than this share on the way to the point beside.
_BEND = 2.0**-10
#: A number of so few decimals is taken at its word where rounding hides on which side of it a
#: kink is.
_DECIMALS = 6
#: How often halves of the inputs are moved beside ties, which few of them tell apart.
_TIMES_BESIDE = 8
#: A second line of fresh steps.
_FRESH = 0.7


def at_kinks(context: Context, kinked: Mask, again: Callable[[Context], None]) -> None:
    """Judge what can be judged at the kinks; ``again`` judges a claim as if it were a new one."""
    evidence, found = context.evidence, int(kinked.sum())
    decided = _convention(context, kinked) if found else 0
    if evidence.wrong is not None:
        return
    evidence.kinks += found - decided
    if context.is_beside or (decided == found > 0 and not evidence.undecided):
        if decided and evidence.resolution == np.inf:
            for resolved in (evidence.every, evidence.bulk):
                resolved.by_gradient = np.full(resolved.by_gradient.shape, SOUGHT)
            evidence.overall = SOUGHT
        return
    _along_ties(context, kinked)
    if evidence.wrong is not None:
        return
    for step in (BESIDE, FURTHER):
        beside = context.beside(step=step)
        if beside is None:
            if evidence.resolution == np.inf:
                evidence.undecided = said(
                    "the point is on a kink, and the function has no value beside it",
                    "该点在折点上，而函数在旁边没有值",
                )
            return
        again(beside)
        context.point.evaluations += beside.point.evaluations
        context.claim.calls += beside.claim.calls
        seen = beside.evidence
        if seen.stands_still:
            evidence.stands_still = True
            return
        if seen.wrong is not None:
            alone = context.ladder.is_narrow or context.point.rounding is None
            if alone and not _wrong_on_the_other_side(context, step, again):
                break
            if _is_a_tie(context, seen, step):
                continue
            evidence.wrong, evidence.title, evidence.probe = seen.wrong, seen.title, seen.probe
            evidence.by = seen.by
            evidence.reason = seen.reason or said(
                "the inputs shown are on a kink; the numbers are those right beside, where each is "
                "moved by about {step:.0e} of its size",
                "所示输入在折点上；数字取自紧邻的点，那里每个输入约移动了其大小的 {step:.0e}",
                step=step,
            )
            return
        blind = evidence.undecided and seen.kinks == context.point.m
        if not seen.undecided and seen.decisive < COARSEST and not blind:
            evidence.undecided = ""
            evidence.every.merge(seen.every)
            evidence.bulk.merge(seen.bulk)
            evidence.overall = min(evidence.overall, seen.overall)
            return
    if evidence.resolution == np.inf:
        evidence.undecided = seen.undecided or SURROUNDED


def _is_a_tie(context: Context, seen: Evidence, step: float) -> bool:
    """Whether an entry that is wrong beside many ties is right on the other side of them.

    The one that is found is the one that was left closest to another.
    """
    if seen.by is None or not many_ties(context, seen.by[1]):
        return False
    return not any(wrong_at(context, *seen.by, step, scale, mirrored=True) for scale in BOTH)


def _wrong_on_the_other_side(
    context: Context, step: float, again: Callable[[Context], None]
) -> bool:
    """Whether a claim fails at the mirrored point beside, too.

    The next jump may be right there: in float32, where so few numbers are right beside, and of a
    function of whose rounding nothing is known, which may be quantized.
    """
    beside = context.beside(step=step, mirrored=True)
    if beside is None:
        return False
    again(beside)
    context.point.evaluations += beside.point.evaluations
    return beside.evidence.wrong is not None


# ---- ties ----------------------------------------------------------------------------------


_BY_THE_SAME = said("by the same", "同样地")
_IN_PROPORTION = said("in proportion", "按比例")


def _along_ties(context: Context, kinked: Mask) -> None:
    """Directions that keep ties and zeros in place, along which the function may be smooth."""
    entries = context.claim.entries
    if entries is not None and (entries.mask is not None or entries.columns.size < context.point.n):
        return
    point = context.point
    x = point.x.astype(np.float64)
    if np.unique(x).size == point.n > 1 or point.n == 1:
        return
    # A power of two is on the grid of every input, so that all move by the same bit for bit.
    together = np.full(point.n, 2.0 ** np.round(np.log2(scales(point, "spread").max())))
    for v, moved in ((together, _BY_THE_SAME), (x, _IN_PROPORTION)):
        line = Line(point, finish(point, np.abs(v), np.sign(v), context.ladder).v)
        if not line.v.any():
            continue
        pair = Pair(line, context.ladder, *context.ladder.pairs[1], context.epsilon)
        smooth = np.flatnonzero(kinked & ~pair.kinked(surely=False))
        places: list[tuple[Context, Line]] = []
        for output in context.rng.permutation(smooth)[:_MOST_TIED]:
            if entries is None or output in entries.rows:
                _settle_along(context, pair, int(output), places)
            if context.evidence.wrong is not None:
                context.evidence.reason = said(
                    "where all inputs move {moved}, ties stay ties and the function is smooth; "
                    "along that direction the claim is wrong: does every tie get the gradient?",
                    "所有输入{moved}移动时，并列保持并列，函数是光滑的；沿该方向声明有误："
                    "是否每个并列的元素都得到了梯度？",
                    moved=moved,
                )
                return


def _settle_along(
    context: Context, pair: Pair, output: int, places: list[tuple[Context, Line]]
) -> None:
    """One output along one direction, by two ladders, and further along it.

    ``places`` are lines along that direction on which outputs have been looked at before.
    """
    u, line = context.unit(output), pair.line
    claimed = context.claim.number(u, line.v)
    agreed = SOUGHT * abs(claimed) + float(pair.floor[output])
    if abs(claimed - float(pair.value[output])) <= agreed:
        return
    if not places:
        beside = context.beside(line.v)
        if beside is None:
            return
        fresh = _FRESH * line.v
        again, there = Line(context.point, fresh), Line(beside.point, fresh)
        places += [(context, line), (context, again), (beside, there)]
    found: list[tuple[float, float, float]] = []
    for place, at in places:
        measured = measure_along(at, u, context.ladder, context.epsilon)
        claimed, value = place.claim.number(u, at.v), float(measured.value[0])
        error = MARGIN * float(measured.error[0]) + context.rounded * abs(claimed)
        error = max(error, SOUGHT * abs(claimed))
        off = abs(claimed - value)
        if measured.kinked[0] or not off > error:
            return
        if agrees_further_out(place, at, u, claimed, off):
            return
        found.append((claimed, value, error + context.claim_rounding(u, at.v, claimed)))
    if all(abs(claimed - value) > error for claimed, value, error in found):
        name, index = context.subject.outputs.locate(output)
        context.evidence.wrong = Entry("direction", (), name.label, index, *found[0])
        context.evidence.title = "wrong where inputs tie"


# ---- elementwise functions -----------------------------------------------------------------


def _convention(context: Context, kinked: Mask) -> int:
    """Judge an elementwise claim at its kinks; returns how many of them were decided."""
    declared = context.subject.derivation.options.at_kink
    point = context.point
    if point.m != point.n or (point.n == 1 and declared is None):
        return 0
    diagonal = context.diagonal
    signs = magnitudes(context.rng, point.n)
    v = finish(point, _own_scale(point), signs, context.ladder).v
    if diagonal is None or not v.all():
        return 0
    step = context.ladder.step(context.ladder.pairs[0][0])
    if point.n > 1 and not _elementwise(context, v, step):
        if declared is not None:
            raise Violation(
                "not elementwise",
                said(
                    "at_kink is declared for {name}, but an output of it depends on other inputs "
                    "than its own; state what the rule does at a kink as an identity instead",
                    "为 {name} 声明了 at_kink，但它有输出还依赖于其他位置的输入；"
                    "请改用恒等式说明规则在折点处的取值",
                    name=context.subject.derivation.name,
                ),
            )
        return 0
    line = Line(point, v)
    levels = [k for k in wide_levels(line, context.ladder) if context.ladder.step(k) <= step]
    sides = elementwise_sides(line, context.ladder, levels, context.epsilon)
    if declared is not None:
        expected, error = _declared(context, declared, sides)
        error = MARGIN * error
    else:
        if not _basic(context, v, sides, kinked):
            return 0
        low = np.minimum(sides.left - sides.left_error, sides.right - sides.right_error)
        high = np.maximum(sides.left + sides.left_error, sides.right + sides.right_error)
        expected = (low + high) / 2
        error = (high - low) / 2 + MARGIN * (sides.left_error + sides.right_error)
    known = kinked & np.isfinite(expected) & np.isfinite(error) & np.isfinite(diagonal)
    # Large steps may have met a kink that is another input's, or far away: at the input the slopes
    # from the two sides have to differ.
    apart = np.abs(sides.right - sides.left)
    known &= apart > MARGIN * (sides.left_error + sides.right_error)
    known &= _exactly(context, sides)
    error = error + max(context.rounded, SOUGHT) * np.abs(diagonal)
    wrong = np.flatnonzero(known & (np.abs(diagonal - expected) > error))
    if wrong.size:
        k = int(wrong[0])
        pull, u = context.claim.pull, context.unit(k)
        if pull is not None and pull(u)[k] != diagonal[k]:
            u = context.signs  # not linear: shown as it was asked
        context.evidence.wrong = context.entry(
            k, k, float(diagonal[k] * u[k]), float(expected[k] * u[k]), float(error[k] * abs(u[k]))
        )
        context.evidence.title = "wrong at a kink"
        context.evidence.probe = context.probe(u)
    return int(known.sum())


def _elementwise(context: Context, v: Vector, step: float) -> bool:
    """Whether the function is elementwise at the point and right beside it.

    At ties alone one that keeps the largest and makes zeros of the others looks as if it were.
    """
    if not is_elementwise(context.point, v, step, context.rng):
        return False
    beside = context.beside()
    return beside is None or is_elementwise(beside.point, v, step, context.rng, _TIMES_BESIDE)


def _own_scale(point: Point) -> Vector:
    """How far each input of an elementwise function is moved: by no other's size.

    Beside an entry of 10⁶ the spread of an array says nothing of what a function does at 0, and a
    step function is no kink.
    """
    own = np.minimum(scales(point, "spread"), scales(point, "magnitude"))
    return np.where(point.x == 0, np.minimum(own, 1.0), own)


def _declared(context: Context, declared: Any, sides: Sides) -> tuple[Floats, Floats]:
    """The declared derivative at each input, and its error bound."""
    values = context.subject.values
    if declared == "left":
        return sides.left, sides.left_error
    if declared == "right":
        return sides.right, sides.right_error
    if declared == "middle":
        return (sides.left + sides.right) / 2, (sides.left_error + sides.right_error) / 2
    try:
        answer = Signature(declared, 0, tuple(values)).call((), values)
        expected = np.asarray(answer, dtype=np.float64)
        flat = np.broadcast_to(expected.reshape(-1), (context.point.n,))
    except Exception as error:
        raise Violation("raises", raises("at_kink", error)) from error
    return flat, context.rounded * np.abs(flat)


def _exactly(context: Context, sides: Sides) -> Mask:
    """Where the kink is at the input itself, not a few units in the last place beside it."""
    point, x = context.point, context.point.x
    up, down = np.nextafter(x, np.inf), np.nextafter(x, -np.inf)
    right = (point.evaluate(up) - point.y) / (up - x)
    left = (point.y - point.evaluate(down)) / (x - down)
    half = np.abs(sides.right - sides.left) / 2
    at_left, at_right = np.abs(left - sides.left) < half, np.abs(right - sides.right) < half
    # Rounding may hide what a step of one unit does.
    hidden = ~at_left & (np.abs(left - sides.right) >= half)
    hidden |= ~at_right & (np.abs(right - sides.left) >= half)
    exact: Mask = (at_left & at_right) | (hidden & (x == np.round(x, _DECIMALS)))
    return exact


def _basic(context: Context, v: Vector, sides: Sides, kinked: Mask) -> bool:
    """Whether the rule gives the one-sided slopes right beside the point, on both sides."""
    for sign in (1.0, -1.0):
        beside = context.beside(sign * v)
        diagonal = beside.diagonal if beside is not None else None
        if diagonal is None:
            return False
        right = (v > 0) == (sign > 0)
        slope = np.where(right, sides.right, sides.left)
        error = np.where(right, sides.right_error, sides.left_error)
        if np.any(kinked & ~(np.abs(diagonal - slope) <= MARGIN * error + _BEND * np.abs(slope))):
            return False
    return True
