"""Many points at once: what claims of both kinds share in the cheap pass.

The points of one example have the same sizes and their arrays are small, so that numpy's cost is
that of its calls, not of the numbers in them: the arithmetic of all points, lines and cotangents is
done together, and only the calls of the user's functions are made one by one.

Axes of the arrays in ``pulled`` and ``listed``, in this order: ``B`` points, ``D`` lines of each,
``K`` cotangents of each, then ``m`` outputs, ``n`` inputs, ``L`` gradients or ``R`` claimed rows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np

from gradcheck.judging.context import LARGE, Context, Floats
from gradcheck.judging.evidence import TINY
from gradcheck.oracle.directions import (
    Scale,
    magnitudes,
    stacked,
)
from gradcheck.oracle.ladder import Line, extrapolate
from gradcheck.oracle.layout import Vector, chunks
from gradcheck.oracle.noise import ROUNDING
from gradcheck.returned import Violation


class Stack:
    """What both kinds of claims share: lines, estimates from two steps, and their floors."""

    def __init__(self, contexts: Sequence[Context], scales: Sequence[Scale]) -> None:
        self.contexts, self.scales = contexts, scales
        first = contexts[0]
        self.n, self.m = first.point.n, first.point.m
        self.ladder, self.epsilon, self.large = first.ladder, first.epsilon, first.is_large
        self.broken: dict[int, Violation] = {}

    def ask(self, b: int, call: Callable[[], Floats], size: int) -> Floats:
        """A call of the user's rule; zeros where it has broken its contract before or does now."""
        if b not in self.broken:
            try:
                return call()
            except Violation as violation:
                self.broken[b] = violation
        return np.zeros(size)

    def drawn(self, *shape: int) -> Vector:
        """Random signed magnitudes for each point: shape ``(B, *shape)``."""
        size = math.prod(shape)
        return stacked([magnitudes(c.rng, size).reshape(shape) for c in self.contexts])

    def rounded(self) -> Floats:
        """``Context.rounded`` of each point, for arrays over lines and what is along them."""
        return np.array([context.rounded for context in self.contexts])[:, None, None]

    def lines(self, v: Floats) -> list[list[Line]]:
        """The lines of each point."""
        points = (context.point for context in self.contexts)
        return [[Line(p, one) for one in of_point] for p, of_point in zip(points, v, strict=True)]

    def measure(self, lines: list[list[Line]]) -> None:
        """Evaluate at two steps; sets derivative and gaps of the slopes."""
        steps = [self.ladder.step(level) for level in self.ladder.pairs[0]]
        shape = (len(lines), len(lines[0]), self.m)
        alone, fills = len(lines) == len(lines[0]) == 1, self.m > LARGE
        self.value: Floats = np.empty(shape)
        base = [context.point.y for context in self.contexts]
        gaps: list[Floats] = []
        for step in steps:
            ends = [[[line.at(t) for line in row] for row in lines] for t in (step, -step)]
            if fills:
                # Should anything be left to see on a line, its values are computed again.
                for line in itertools.chain.from_iterable(lines):
                    line.forget()
            # The gap of one large array takes the memory of its values, each part after its use.
            gap: Floats = ends[0][0][0].reshape(shape) if alone and fills else np.empty(shape)
            for part in chunks(self.m):
                above, below = (
                    end[0][0][np.newaxis, np.newaxis, part]
                    if alone and fills
                    else np.array([[y[part] for y in row] for row in end])
                    for end in ends
                )
                middle = stacked([y[part] for y in base])[:, None, :]
                slope = above - below
                slope /= 2 * step
                above -= middle
                below -= middle
                above += below
                np.divide(above, step, out=gap[..., part])
                if gaps:
                    slope = extrapolate(self.value[..., part], slope, steps[0] / steps[1])
                self.value[..., part] = slope
            gaps.append(gap)
            del ends, above, below
        self.coarse_gap, self.fine_gap = gaps

    def floor(self, part: slice) -> Floats:
        """The rounding of some outputs at the finer step, as a floor of their slopes."""
        step = self.ladder.step(self.ladder.pairs[0][1])
        reached = step * self.value[..., part]
        reached += stacked([context.point.y[part] for context in self.contexts])[:, None, :]
        np.abs(reached, out=reached)
        reached *= ROUNDING * self.epsilon / step
        reached += TINY / step
        return reached


def kink_gap(coarse: Floats, fine: Floats, floor: Floats) -> Floats:
    """The gap of the slopes from the two sides at the finer of two steps.

    0 where it shrinks with the step, as that of a smooth function.
    """
    coarse, fine = np.abs(coarse), np.abs(fine)
    return np.where((fine <= coarse / 2) | (fine <= 2 * floor), 0.0, fine)
