"""What a failure is shown with, when the judgement is over; nothing here is judged by."""

from __future__ import annotations

import numpy as np

from gradcheck.judging.comparison import Pair
from gradcheck.judging.context import MARGIN, Context
from gradcheck.judging.evidence import SOUGHT
from gradcheck.oracle.entry import coordinate_line, coordinate_reach, measure_along, moved_by
from gradcheck.oracle.ladder import Line
from gradcheck.oracle.layout import Vector
from gradcheck.oracle.noise import project
from gradcheck.verdict import Entry

#: Octaves below the smallest step of the ladder: there rounding is all that is left.
_BEYOND = 12
#: At most so many entries are measured one by one.
_MOST_TABLE = 64


def exhibit(context: Context) -> None:
    """Measure the entries around the wrong one, and how its quotient depends on the step.

    The evaluations are not counted: they did not decide anything.
    """
    spent = context.point.evaluations
    context.evidence.table = _table(context)
    context.evidence.quotients = _quotients(context)
    context.point.evaluations = spent


def _table(context: Context) -> tuple[Entry, ...]:
    """The entries around the wrong one, each measured: its row, or the whole of a matrix.

    Empty where there are too many, or where the failure is not of one entry.
    """
    wrong, claim, point = context.evidence.wrong, context.claim, context.point
    if wrong is None or claim.push is not None or context.evidence.title != "wrong value":
        return ()
    if context.subject.is_measured:
        return ()
    leaf = next(k for k in context.subject.outputs.leaves if k.label == wrong.output)
    rows = [context.subject.outputs.position(leaf, wrong.output_index)]
    columns: list[int] = list(range(point.n))
    entries = claim.entries
    if entries is not None:
        rows, columns = entries.rows.tolist(), entries.columns.tolist()
    if len(rows) * len(columns) > _MOST_TABLE:
        return ()
    found: list[Entry] = []
    for c, column in enumerate(columns):
        reach = coordinate_reach(point, column)[0]
        line = coordinate_line(point, column, reach, context.ladder)
        along = moved_by(line, column)
        if along == 0:
            continue
        for r, row in enumerate(rows):
            if entries is not None and entries.mask is not None and not entries.mask[r, c]:
                continue
            claimed, value, limit = shown(context, line, context.unit(row))
            found.append(context.entry(row, column, claimed / along, value / along, limit / along))
    found.sort(key=lambda entry: (entry.output_index, entry.index))
    return tuple(found) if any(entry.wrong for entry in found) else ()


def shown(
    context: Context, line: Line, u: Vector, *, rounded: bool = True
) -> tuple[float, float, float]:
    """Claimed, measured and limit of one entry: by two steps where that is enough to agree.

    ``rounded``: to what the rule's own rounding explains as well.
    """
    claimed = context.claim.number(u, line.v)
    pair = Pair(line, context.ladder, *context.ladder.pairs[1], context.epsilon)
    value, gap, floor = pair.projected(u)
    limit = max(SOUGHT * abs(claimed), floor + context.rounded * abs(claimed))
    if abs(claimed - value) <= limit and gap <= 2 * limit:
        return claimed, value, limit
    measured = measure_along(line, u, context.ladder, context.epsilon)
    value = float(measured.value[0])
    limit = MARGIN * float(measured.error[0]) + context.rounded * abs(claimed)
    if measured.kinked[0]:
        limit += float(abs(measured.gap[0]))
    if rounded and abs(claimed - value) > limit:
        limit += context.claim_rounding(u, line.v, claimed)
    return claimed, value, limit


def _quotients(context: Context) -> tuple[tuple[float, float], ...]:
    """Pairs of a step of the wrong entry's input and the difference quotient at it.

    One an octave, from the largest step of the ladder down to where rounding is all that is left.
    Empty where the failure is not of one entry.
    """
    wrong, point, ladder = context.evidence.wrong, context.point, context.ladder
    leaf = next(
        (k for k in context.subject.inputs.leaves if wrong and k.label == wrong.input), None
    )
    if wrong is None or leaf is None:
        return ()
    column = context.subject.inputs.position(leaf, wrong.index)
    line = coordinate_line(point, column, coordinate_reach(point, column)[0], ladder)
    along = float(np.abs(line.v).max())
    u = _cotangent(context)
    if along == 0 or u is None:
        return ()
    found = []
    for octave in range(ladder.first, ladder.first + ladder.spacing * ladder.count + _BEYOND):
        h = 2.0**-octave
        value = float(project(line.odd(h), u)) / (2 * line.taken(h)) / along
        if np.isfinite(value):
            found.append((h * along, value))
    return tuple(found)


def _cotangent(context: Context) -> Vector | None:
    """The cotangent of the wrong entry: the one that is shown, or the one that picks its output."""
    wrong, outputs = context.evidence.wrong, context.subject.outputs
    if context.evidence.probe:
        parts = [np.ravel(value) for _, value in context.evidence.probe]
        return np.concatenate(parts).astype(np.float64)
    leaf = next((k for k in outputs.leaves if wrong and k.label == wrong.output), None)
    if wrong is None or leaf is None:
        return None
    return context.unit(outputs.position(leaf, wrong.output_index))
