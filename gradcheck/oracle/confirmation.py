"""Whether real steps confirm slopes that were computed another way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradcheck.oracle.imaginary import Imagined
from gradcheck.oracle.ladder import Ladder, Line, extrapolate
from gradcheck.oracle.noise import known_noise, misplaced, noise_floor

Floats = NDArray[np.float64]

#: An extrapolated slope is off by at most so many times what extrapolation changed, and rounding.
_AGREEING = 4.0


def confirmed(line: Line, ladder: Ladder, epsilon: float, value: Floats) -> NDArray[np.bool_]:
    """Whether real steps show the slopes ``value``, up to what they leave out: shape ``(m,)``.

    Whatever else a slope was computed from, it is the function of real numbers that is judged. A
    pair of usual steps tells, or, of a function that varies within these, the two smallest steps.
    """
    found = np.zeros(value.shape, bool)
    against = np.full(value.shape, np.inf)
    for a, b in (*ladder.pairs[:2], (ladder.count - 2, ladder.count - 1)):
        odd = [line.odd(ladder.step(level)) for level in (a, b)]
        if not (value.any() or odd[0].any() or odd[1].any()):
            return np.ones(value.shape, bool)
        coarse, fine = (
            part / (2 * line.taken(ladder.step(k))) for part, k in zip(odd, (a, b), strict=True)
        )
        off, allowed = _compared(line, ladder, epsilon, value, (coarse, fine), b)
        smallest = b == ladder.count - 1
        # The smallest show nothing that is less than their noise, whatever the others have shown.
        found |= (off <= allowed) & ((2 * allowed <= against) | (not smallest))
        against = off
        if found.all():
            break
    return found


def imagined(
    line: Line, ladder: Ladder, epsilon: float, *, its_own: bool = False
) -> Imagined | None:
    """The slopes by a step in the imaginary direction, where one can be taken and real ones agree.

    With ``its_own``, the bound covers the rounding of what the function computes from numbers of
    its own.
    """
    measure = line.point.imaginary
    found = None if measure is None else measure(line.v, its_own=its_own)
    if found is None:
        return None
    return found if confirmed(line, ladder, epsilon, found.value).all() else None


def _compared(
    line: Line,
    ladder: Ladder,
    epsilon: float,
    value: Floats,
    pair: tuple[Floats, Floats],
    level: int,
) -> tuple[Floats, Floats]:
    """By how much differences at two steps, the smaller at ``level``, are off, and may be.

    Extrapolated they are better by far than by what they differ.
    """
    step = ladder.step(level)
    best = extrapolate(*pair, ladder.ratio)
    off, allowed = np.abs(best - value), np.abs(best - pair[1])
    allowed += noise_floor(line, ladder, [level], epsilon) / step
    if np.any(~(off <= _AGREEING * allowed)):
        allowed += known_noise(line) / step + misplaced(line, ladder)
    return off, _AGREEING * allowed
