"""What differences along a line are off by: rounding, and noise that is seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradcheck.oracle.ladder import Ladder, Line
from gradcheck.oracle.layout import Vector
from gradcheck.oracle.norms import norms

Floats = NDArray[np.float64]

#: The rounding of a function of a few operations, in units of half its last place.
ROUNDING = 4.0
#: Rounding counts so many times the scatter that was seen in a few runs.
_SCATTER = 2.0
#: Steps beside the smallest one, as multiples of it, at which noise is sampled.
_BESIDE = (83 / 64, 91 / 128)


def known_noise(line: Line, u: Vector | None = None) -> Floats:
    """By how much rounding moves each output, or ``u·y``, along ``line``: shape ``(m,)``, ``(1,)``.

    That of the function, as far as it can be measured, and that of steps along several inputs.
    """
    point = line.point
    scatter = point.rounding
    known: Floats = np.zeros(point.m)
    if scatter is not None:
        known = known + _SCATTER * scatter
    if np.count_nonzero(line.v) > 1:
        known = known + _SCATTER * point.stepping
    return known if u is None else norms(u * known)[None]


def misplaced(line: Line, ladder: Ladder) -> Floats:
    """By how much rounding of ``x ± h v`` changes the slope of each output, at any step.

    For a direction that is not rounded to a grid (``directions``). An input that is small beside
    its step keeps too few of its bits: what is taken is ``v`` off by its own last bit.
    """
    if np.count_nonzero(line.v) <= 1:
        return np.zeros(line.point.m)
    largest = ladder.step(0)
    reached = np.where(line.v != 0, np.abs(line.point.x) + largest * np.abs(line.v), 0.0)
    return _SCATTER / largest * line.point.moved_by_rounding(reached)


def noise_beside(line: Line, smallest: float, u: Vector | None) -> Floats:
    """By how much differences at and near the smallest step are not proportional to the step.

    The steps beside it are no powers of two: a function that is quantized can show the same
    quotient at two powers of two by chance.
    """
    quotients = []
    for step in (smallest, *(factor * smallest for factor in _BESIDE)):
        odd = line.odd(step)
        quotients.append((odd if u is None else project(odd, u)[None]) / line.taken(step))
    spread = np.max(quotients, axis=0) - np.min(quotients, axis=0)
    noise: Floats = np.where(np.isfinite(spread), spread * smallest / 2, 0.0)
    return noise


def project(values: Floats, u: Vector) -> Floats:
    """``values @ u`` over the outputs with a weight only: others may be infinite."""
    active = u != 0
    if active.all():
        result: Floats = values @ u
        return result
    projected: Floats = values[..., active] @ u[active]
    return projected


def noise_floor(line: Line, ladder: Ladder, levels: list[int], epsilon: float) -> Floats:
    """The least error of a difference of each output: its rounding. Shape ``(m,)``."""
    size = np.abs(line.point.y)
    steps = [ladder.step(level) for level in levels if level >= ladder.pairs[0][0]]
    if steps:
        values = np.abs([line.at(t) for step in steps for t in (step, -step)])
        largest = values.max(axis=0)
        if not np.isfinite(largest).all():
            largest = np.where(np.isfinite(values), values, 0.0).max(axis=0)
        size = np.fmax(size, largest)
    # Numbers that underflow lose their digits one by one.
    return ROUNDING / 2 * epsilon * size + ladder.least
