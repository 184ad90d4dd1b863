"""What a pass leaves open: entries that are off by what only the rule's own rounding explains."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.judging.context import Context
from gradcheck.judging.evidence import LOST
from gradcheck.judging.exhibits import shown
from gradcheck.oracle.entry import coordinate_line, coordinate_reach, moved_by
from gradcheck.oracle.ladder import Line
from gradcheck.oracle.layout import Vector
from gradcheck.verdict import Lost

#: At most so many entries are measured one by one.
_MOST = 64


def lost_digits(context: Context) -> Lost | None:
    """The entries of a claim that have lost half of their digits, or more, by their own rounding.

    As real steps of the function show it: where the function itself rounds as much, as one that
    comes near 1, no rule could do better. None where no entry has lost them beside the largest of
    its gradient: what is left where large terms cancel matters to nobody. The evaluations are not
    counted: they decide nothing.
    """
    explained = context.evidence.explained
    if explained is None or context.claim.remote is not None or context.subject.is_measured:
        return None
    spent = context.point.evaluations
    found = list(_measured(context, *explained[1:]))
    context.point.evaluations = spent
    largest: dict[str, float] = {}
    for name, _, value, _ in found:
        largest[name] = max(largest.get(name, 0.0), abs(value))
    off = [
        (abs(claimed - value), abs(value), largest[name])
        for name, claimed, value, limit in found
        if abs(claimed - value) > max(limit, LOST * abs(value))
        and abs(value) > LOST * largest[name]
    ]
    if not any(apart > LOST * most for apart, _, most in off):
        return None
    return Lost(len(off), len(found), max(apart / size for apart, size, _ in off))


def _measured(context: Context, u: Vector, v: Vector) -> Iterator[tuple[str, float, float, float]]:
    """Of each entry its gradient, what is claimed and measured, and how well that is known."""
    claim, subject, point = context.claim, context.subject, context.point
    if claim.push is not None:
        line = Line(point, v)
        for row in range(min(point.m, _MOST)):
            claimed, value, limit = shown(context, line, context.unit(row), rounded=False)
            yield subject.outputs.locate(row)[0].label, claimed, value, limit
        return
    columns = np.arange(point.n) if claim.entries is None else claim.entries.columns
    for column in columns[:_MOST].tolist():
        line = coordinate_line(point, column, coordinate_reach(point, column)[0], context.ladder)
        along = moved_by(line, column)
        if along > 0:
            claimed, value, limit = shown(context, line, u, rounded=False)
            name = subject.inputs.locate(column)[0].label
            yield name, claimed / along, value / along, limit / along
