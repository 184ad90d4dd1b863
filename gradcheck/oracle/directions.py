"""Directions: how far each input moves, and in which of two directions.

A direction carries the scale of the problem, since the steps are fixed. One scale is not enough:
data with an offset break one that follows the magnitude of each entry, data of mixed scales break
one that follows the spread of the array. So there are two, and a direction of each is judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gradcheck.oracle.ladder import Ladder
from gradcheck.oracle.layout import Vector, chunks
from gradcheck.oracle.point import Point

Floats = NDArray[np.float64]
Scale = Literal["spread", "magnitude"]

_HALF = np.int16(1 << 14)
#: The median absolute deviation of normal data times this is their standard deviation.
_MAD_TO_DEVIATION = 1.4826
#: Beyond this many entries a scale is taken from an even sample of them: it needs no precision.
_ENOUGH = 1024
#: By how much an input with a large derivative may be made to move less than its scale, so that
#: an input with a typical one is not drowned in the same sum.
_LARGEST_BALANCE = 1e3
#: A direction is rounded to a grid only where that changes it by less than 1/16.
_GRID_SHARE = 16.0
#: The bits of a float64 that hold its exponent, and a size above which those of its last bit do.
_EXPONENT = np.int64(0x7FF << 52)
_PLAIN = 2.0**-960
#: A spread below this share of the typical size is rounding.
_EQUAL = 1e-13


@dataclass(frozen=True)
class Direction:
    """``v`` of shape ``(n,)``, and the scale of which it is between a half and the whole.

    Where none is ``kept``, since it fills as much memory as ``v``, the whole.
    """

    v: Vector
    kept: Vector | None = None

    @property
    def scale(self) -> Vector:
        """How far each input moves, of shape ``(n,)``."""
        return np.abs(self.v) if self.kept is None else self.kept


def magnitudes(rng: np.random.Generator, size: int) -> Vector:
    """``±U[1/2, 1]``: no entry is ever lost, and two errors cancel only by chance.

    With random signs alone, two equal errors cancel half of the time at any size; normal numbers
    are close to zero now and then and lose a single error.
    """
    # Fifteen random bits an entry are enough, and quick to draw: the first is the sign and, after
    # the shift, the second as well. Turned over, the second puts the magnitude above a half.
    bits = np.frombuffer(rng.bytes(2 * size), np.int16)
    u: Vector = np.empty(size)
    for part in chunks(size):
        np.multiply((bits[part] >> 1) ^ _HALF, 2.0**-15, out=u[part])
    return u


def draw_directions(
    points: Sequence[Point],
    chosen: Sequence[Scale],
    signs: Vector,
    ladder: Ladder,
    weights: Vector | None = None,
) -> tuple[Floats, Floats]:
    """A direction of each chosen scale for each of some points of one layout.

    ``signs`` of shape ``(B, D, n)`` are the random parts; ``weights`` of shape ``(B, n)`` are the
    claimed gradients, to balance the inputs. Returns the directions, in the memory of ``signs``,
    and their scales, of the same shape.
    """
    s = np.empty((len(points), len(chosen), points[0].n))
    for d, scale in enumerate(chosen):
        _stacked_scales(points, scale, s[:, d])
    if weights is not None:
        _balance(s, weights[:, None])
    for b, point in enumerate(points):
        reach = point.reach()
        if reach is not None:
            # The largest step of the ladder has to stay inside.
            s[b] = np.minimum(s[b], reach / ladder.step(0))
    v = np.multiply(s, signs, out=signs)
    for b, point in enumerate(points):
        if point.tangent is not None:
            v[b] = [_confined(point, one, ladder) for one in v[b]]
    _make_exact(stacked([point.x for point in points])[:, None], v, ladder)
    for b, point in enumerate(points):
        if point.tangent is not None:
            # What rounding to a grid has moved out of the domain.
            v[b] = [point.tangent(one) for one in v[b]]
    return v, s


def _confined(point: Point, v: Vector, ladder: Ladder) -> Vector:
    """``v`` along the domain, no longer than the largest step may be inside it."""
    inside, reach = point.inside(v), point.reach()
    if point.tangent is None or reach is None:
        return inside
    moving = inside != 0
    room = reach[moving] / np.abs(ladder.step(0) * inside[moving])
    return inside * min(1.0, float(room.min(initial=1.0)))


def finish(point: Point, s: Vector, signs: Vector, ladder: Ladder) -> Direction:
    """The direction ``s * signs``, kept inside the domain and rounded so that steps are exact."""
    reach = point.reach()
    if reach is not None:
        s = np.minimum(s, reach / ladder.step(0))
    v = np.array(_confined(point, s * signs, ladder))
    _make_exact(point.x, v, ladder)
    return Direction(point.inside(v), s)


def scales(point: Point, scale: Scale) -> Vector:
    """How far each input moves at a step of 1: shape ``(n,)``, positive."""
    if scale not in point.remembered:
        point.remembered[scale] = np.empty(point.n)
        _stacked_scales([point], scale, point.remembered[scale][np.newaxis])
    return point.remembered[scale]


def stacked(arrays: Sequence[Vector]) -> Vector:
    """Arrays of one shape along a new first axis; a single one is not copied."""
    return arrays[0][np.newaxis] if len(arrays) == 1 else np.array(arrays)


def _stacked_scales(points: Sequence[Point], scale: Scale, s: Vector) -> None:
    """Puts into ``s``, of shape ``(B, n)``, how far the inputs of some points move."""
    inputs = stacked([point.x for point in points]).astype(np.float64, copy=False)
    for leaf in points[0].layout.leaves:
        x = inputs[:, leaf.slice]
        if not x.size:
            continue
        typical = positive_medians(np.abs(sampled(x)))[:, None]
        typical[typical == 0] = 1.0
        if scale == "magnitude":
            size = np.abs(x, out=s[:, leaf.slice])
            if not size.all():
                size[...] = np.where(size > 0, size, typical)
        else:
            s[:, leaf.slice] = _spread(x, typical)


def _spread(x: Floats, typical: Floats) -> Floats:
    if x.shape[1] < 3:
        return typical
    sample = sampled(x)
    apart = np.abs(sample - _middle(np.sort(sample, axis=-1))[:, None])
    spread = _MAD_TO_DEVIATION * np.asarray(_middle(np.sort(apart, axis=-1)))[:, None]
    # Data that are equal up to rounding have no spread of their own.
    return np.where(spread > _EQUAL * typical, spread, typical)


def positive_medians(size: Vector) -> Floats:
    """The medians over the last axis of the entries that are not zero; 0 where there are none."""
    if size.shape[-1] == 0:
        return np.zeros(size.shape[:-1])
    ordered = np.sort(sampled(size), axis=-1).astype(np.float64, copy=False)
    count = ordered.shape[-1]
    if ordered[..., 0].all():
        found: Floats = ordered[..., count // 2]
        return found
    zeros = np.add.reduce(ordered == 0, axis=-1)
    middle = np.minimum((zeros + count) // 2, count - 1)
    flat, at = ordered.reshape(-1, count), middle.reshape(-1)
    found = flat[np.arange(at.size), at]
    return found.reshape(middle.shape)


def sampled(x: Vector) -> Vector:
    """An even sample of the last axis, where that is long."""
    return x[..., :: x.shape[-1] // _ENOUGH] if x.shape[-1] > _ENOUGH else x


def _middle(ordered: Vector) -> Vector:
    return ordered[..., ordered.shape[-1] // 2]


def _balance(s: Floats, weight: Vector) -> None:
    sample = np.abs(sampled(weight)) * sampled(s)
    typical = positive_medians(np.where(np.isfinite(sample), sample, 0.0))[..., None]
    typical[typical == 0] = np.inf
    with np.errstate(all="ignore"):
        for part in chunks(s.shape[-1]):
            less = np.abs(weight[..., part]) * s[..., part]
            np.divide(typical, less, out=less)
            np.maximum(less, 1.0 / _LARGEST_BALANCE, out=less)
            # A share that is not a number changes nothing.
            s[..., part] *= np.fmin(less, 1.0, out=less)


def _make_exact(x: Vector, v: Vector, ladder: Ladder) -> None:
    """Round ``v`` so that ``x ± h v`` is exact for every step ``h >= ladder.exact``."""
    x = np.broadcast_to(x, v.shape)
    with np.errstate(all="ignore"):
        for part in chunks(v.shape[-1]):
            moved = np.abs(v[..., part])
            size = np.abs(x[..., part])
            size += moved.astype(x.dtype, copy=False)
            grid = _spacing(size)
            grid /= ladder.exact
            rounded = v[..., part] / grid
            np.rint(rounded, out=rounded)
            rounded *= grid
            grid *= _GRID_SHARE
            kept = moved < grid
            v[..., part] = np.where(kept, v[..., part], rounded) if kept.any() else rounded


def _spacing(size: Vector) -> Floats:
    """``np.spacing`` of positive numbers, in float64; by their bits where it can be."""
    plain = size.dtype == np.float64 and size.min(initial=np.inf) > _PLAIN
    if not (plain and size.max(initial=0.0) < np.inf):
        return np.spacing(size).astype(np.float64, copy=False)
    powers: Floats = (size.view(np.int64) & _EXPONENT).view(np.float64)
    powers *= 2.0**-52
    return powers
