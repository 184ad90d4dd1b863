"""The ladder of steps, and a line through a point along which a function is evaluated on it.

The steps are fixed powers of two; the scale of the problem is in the direction. A power-of-two
step times an exactly representable direction moves the inputs exactly, so that no rounding of
``x ± h v`` spoils the difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.oracle.layout import Vector
from gradcheck.oracle.point import Point

Floats = NDArray[np.float64]

_TYPES = [np.finfo(dtype) for dtype in (np.float64, np.float32, np.float16)]


@dataclass(frozen=True)
class Ladder:
    """Steps ``2**-(first + spacing·k)`` for ``k`` from 0 to ``count - 1``.

    ``pairs`` are the levels of which two at a time make a cheap estimate, in the order in which
    they are tried; ``wider`` is one of larger steps, for what only a little more rounding than
    usual keeps from agreeing. ``epsilon`` is half the spacing of floating-point numbers at 1.
    """

    first: int
    spacing: int
    count: int
    pairs: tuple[tuple[int, int], ...]
    wider: tuple[int, int]
    epsilon: float

    @property
    def ratio(self) -> float:
        """How much smaller each step is than the one before."""
        return float(2.0**self.spacing)

    def step(self, level: int) -> float:
        """The step of a level."""
        return float(2.0 ** -(self.first + self.spacing * level))

    @property
    def is_narrow(self) -> bool:
        """Whether it is for functions that have fewer digits than float64."""
        return self.epsilon > DOUBLE.epsilon

    @property
    def least(self) -> float:
        """The least number that keeps its digits in the type that has this ``epsilon``."""
        return next(float(t.tiny) for t in _TYPES if float(t.eps) / 2 >= self.epsilon)

    @property
    def exact(self) -> float:
        """The smallest step at which ``x ± h v`` is exact, see ``directions``."""
        return self.step(self.pairs[1][0])


#: For float64. The pair 2⁻⁸, 2⁻¹¹ was the best of all pairs measured (relative error 3e-13 in the
#: median over tanh, exp, 1/x and sin); three octaves between levels keep the noise that
#: extrapolation amplifies near 1, and eleven levels span from a quarter of the scale to 2⁻³².
DOUBLE = Ladder(
    first=2, spacing=3, count=11, pairs=((2, 3), (4, 5), (6, 7)), wider=(1, 2), epsilon=2.0**-53
)
#: For functions that stay in float32: two octaves, since only 24 bits are there to divide.
SINGLE = Ladder(
    first=1, spacing=2, count=10, pairs=((2, 3), (3, 4), (0, 1)), wider=(1, 2), epsilon=2.0**-24
)


class Line:
    """The values of a function at ``x + t v``, each evaluated once and remembered.

    With ``u``, of which the outputs with a weight alone are looked at.
    """

    def __init__(self, point: Point, v: Vector, u: Vector | None = None) -> None:
        self.point = point
        self.v = v
        self._asked = None if u is None else u != 0
        self._values: dict[float, Floats] = {0.0: point.y}
        self._single: int | None = None

    def at(self, t: float) -> Floats:
        """The output at ``x + t v``: shape ``(m,)``, not finite where the function is not."""
        value = self._values.get(t)
        if value is None:
            value = self._values[t] = self.point.evaluate(self._reached(t), self._asked)
        return value

    def holds(self, t: float) -> bool:
        """Whether ``x + t v`` is within the bounds of the domain."""
        return self.point.holds(self._reached(t))

    def _reached(self, t: float) -> Vector:
        x = self.point.x
        probe: Vector = (t * self.v).astype(x.dtype, copy=False)
        probe += x
        return probe

    def moved(self, t: float) -> Vector:
        """How far each input really moves at ``t``: not a number where that is not at all."""
        moved = (self._reached(t) - self.point.x).astype(np.float64, copy=False)
        return np.where(moved != 0, moved, np.nan)

    def forget(self) -> None:
        """Drop all values but that at the point: they may be large, and nothing be left to see."""
        self._values = {0.0: self.point.y}

    def odd(self, h: float) -> Floats:
        """``f(x + h v) - f(x - h v)``: shape ``(m,)``."""
        difference: Floats = self.at(h) - self.at(-h)
        return difference

    def taken(self, h: float) -> float:
        """The step that was really taken: where one input moves, rounding of it is known."""
        if self._single is None:
            moving = np.flatnonzero(self.v)
            self._single = int(moving[0]) if moving.size == 1 else -1
        if self._single < 0:
            return h
        x, v = self.point.x[self._single], self.v[self._single]
        step = x.dtype.type(h * v)
        apart = float(x + step) - float(x - step)
        # Too small a step is none: what it seems to show is dropped.
        return apart / (2.0 * float(v)) if apart else math.nan

    def even(self, h: float) -> Floats:
        """``f(x + h v) - 2 f(x) + f(x - h v)``: shape ``(m,)``."""
        base = self._values[0.0]
        difference: Floats = (self.at(h) - base) + (self.at(-h) - base)
        return difference


def extrapolate(coarse: Floats, fine: Floats, ratio: float) -> Floats:
    """Two central differences, the second at a step ``ratio`` times smaller, to fourth order."""
    estimate: Floats = fine + (fine - coarse) / (ratio * ratio - 1.0)
    return estimate
