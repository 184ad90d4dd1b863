"""Directions: how far each input moves, and in which of two directions.

A direction carries the scale of the problem, since the steps are fixed. One scale is not enough:
data with an offset break one that follows the magnitude of each entry, data of mixed scales break
one that follows the spread of the array. So there are two, and a direction of each is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gradcheck.oracle.ladder import Ladder
from gradcheck.oracle.layout import Vector
from gradcheck.oracle.point import Point

Scale = Literal["spread", "magnitude"]

#: The median absolute deviation of normal data times this is their standard deviation.
_MAD_TO_DEVIATION = 1.4826
#: Beyond this many entries a scale is taken from an even sample of them: it needs no precision.
_ENOUGH = 4096
#: By how much an input with a large derivative may be made to move less than its scale, so that
#: an input with a typical one is not drowned in the same sum.
_LARGEST_BALANCE = 1e3
#: A direction is rounded to a grid only where that changes it by less than 1/16.
_GRID_SHARE = 16.0


@dataclass(frozen=True)
class Direction:
    """``v`` of shape ``(n,)``, and the scale of which it is between a half and the whole."""

    v: Vector
    scale: Vector


def magnitudes(rng: np.random.Generator, size: int) -> Vector:
    """``±U[1/2, 1]``: no entry is ever lost, and two errors cancel only by chance.

    With random signs alone, two equal errors cancel half of the time at any size; normal numbers
    are close to zero now and then and lose a single error.
    """
    u = rng.random(size) - 0.5
    return u + np.copysign(0.5, u)


def draw_direction(
    point: Point,
    rng: np.random.Generator,
    scale: Scale,
    ladder: Ladder,
    weight: Vector | None = None,
) -> Direction:
    """A random direction of the given scale; ``weight`` is the claimed gradient, to balance it."""
    s = scales(point, scale)
    if weight is not None:
        s = _balance(s, np.abs(weight))
    return finish(point, s, magnitudes(rng, point.n), ladder)


def finish(point: Point, s: Vector, signs: Vector, ladder: Ladder) -> Direction:
    """The direction ``s * signs``, kept inside the domain and rounded so that steps are exact."""
    reach = point.reach()
    if reach is not None:
        # The largest step of the ladder has to stay inside.
        s = np.minimum(s, reach / ladder.step(0))
    v: Vector = s * signs
    if point.tangent is not None:
        v = point.tangent(v)
    return Direction(_exact(point.x, v, ladder), s)


def scales(point: Point, scale: Scale) -> Vector:
    """How far each input moves at a step of 1: shape ``(n,)``, positive."""
    known = point.remembered.get(scale)
    if known is not None:
        return known
    s: Vector = np.empty(point.n)
    point.remembered[scale] = s
    for leaf in point.layout.leaves:
        x = point.x[leaf.slice].astype(np.float64, copy=False)
        if not x.size:
            continue
        size = np.abs(x)
        typical = _median(size[size > 0], default=1.0)
        if scale == "magnitude":
            s[leaf.slice] = np.where(size > 0, size, typical)
        else:
            s[leaf.slice] = _spread(x, typical)
    return s


def _spread(x: Vector, typical: float) -> float:
    if x.size < 3:
        return typical
    spread = _MAD_TO_DEVIATION * _median(np.abs(x - _median(x)))
    # Data that are equal up to rounding have no spread of their own.
    return spread if spread > 1e-13 * typical else typical


def _median(x: Vector, default: float = 0.0) -> float:
    if x.size > _ENOUGH:
        x = x[:: x.size // _ENOUGH]
    return float(np.sort(x)[x.size // 2]) if x.size else default


def _balance(s: Vector, weight: Vector) -> Vector:
    share = weight * s
    typical = _median(share[(share > 0) & np.isfinite(share)])
    if typical <= 0:
        return s
    with np.errstate(all="ignore"):
        less = np.maximum(typical / share, 1.0 / _LARGEST_BALANCE)
    return np.where(share > typical, s * less, s)


def _exact(x: Vector, v: Vector, ladder: Ladder) -> Vector:
    """``v`` rounded so that ``x ± h v`` is exact for every step ``h >= ladder.exact``."""
    unit = np.spacing((np.abs(x) + np.abs(v)).astype(x.dtype)).astype(np.float64)
    grid = unit / ladder.exact
    with np.errstate(all="ignore"):
        rounded = np.round(v / grid) * grid
    return np.where(np.abs(v) >= _GRID_SHARE * grid, rounded, v)
