"""What a failure is shown with, when the judgement is over; nothing here is judged by."""

from __future__ import annotations

import numpy as np

from gradcheck.judging import entries
from gradcheck.judging.context import Context
from gradcheck.oracle.entry import coordinate_line, coordinate_reach
from gradcheck.oracle.layout import Vector
from gradcheck.oracle.noise import project

#: Octaves below the smallest step of the ladder: there rounding is all that is left.
_BEYOND = 12


def exhibit(context: Context) -> None:
    """Measure the entries around the wrong one, and how its quotient depends on the step.

    The evaluations are not counted: they did not decide anything.
    """
    spent = context.point.evaluations
    context.evidence.table = entries.table(context)
    context.evidence.quotients = _quotients(context)
    context.point.evaluations = spent


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
