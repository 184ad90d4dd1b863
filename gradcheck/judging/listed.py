"""Claims of entries and tangents: ``Jv`` is compared with ``Dv``, output by output."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

from gradcheck.evaluation import announce
from gradcheck.judging.context import Along, Context, Floats
from gradcheck.judging.evidence import COARSEST, SOUGHT, Shares
from gradcheck.judging.screened import Screened
from gradcheck.judging.stacking import Stack, kink_gap
from gradcheck.oracle.directions import (
    Direction,
    Scale,
    draw_directions,
    finish,
)
from gradcheck.oracle.entry import coordinate_reach
from gradcheck.oracle.layout import Vector
from gradcheck.returned import Violation

_PARTS_OF_ALONG = ("valid", "claimed", "shares.every", "shares.bulk", "norms")


def single_columns(context: Context) -> list[int]:
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


class Listed(Stack):
    """Claims of entries and tangents: ``Jv`` is compared with ``Dv``, output by output."""

    def __init__(
        self, contexts: Sequence[Context], scales: Sequence[Scale], *, singly: bool = False
    ) -> None:
        super().__init__(contexts, scales)
        self.singly = singly

    def run(self) -> list[list[Screened] | Violation]:
        columns = _claimed_columns if self.singly else single_columns
        singles = [columns(context) for context in self.contexts]
        v, scale = self._singly(singles) if singles[0] else self._densely()
        count = v.shape[1]
        lines = self.lines(v)
        self.measure(lines)
        rows = np.array([context.rows for context in self.contexts])[:, None, :]
        announce(
            [
                (context.claim, list(v[b]))
                for b, context in enumerate(self.contexts)
                if b not in self.broken
            ]
        )
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
            for part in (self.value, self.coarse_gap, self.fine_gap, self.floor(slice(None)))
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
