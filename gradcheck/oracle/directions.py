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
#: Times this a power of two has that power as its last bit: what is added to it is rounded to a
#: multiple of it. And the largest power for which that is no overflow.
_UNIT_LAST = 1.5 * 2.0**52
_LARGEST_GRID = 2.0**960
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
    # Fifteen random bits an entry are enough, and quick to draw as the generator makes them: the
    # first is the sign and, after the shift, the second as well. Turned over, the second puts the
    # magnitude above a half.
    bits = rng.bit_generator.random_raw(-(-size // 4)).view(np.int16)[:size]
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
    *,
    keeps_scales: bool = True,
) -> tuple[Floats, Floats]:
    """A direction of each chosen scale for each of some points of one layout.

    ``signs`` of shape ``(B, D, n)`` are the random parts; ``weights`` of shape ``(B, n)`` are the
    claimed gradients, to balance the inputs. Returns the directions, in the memory of ``signs``,
    and their scales, of the same shape: where these are not kept, the directions once more.
    """
    n = points[0].n
    drawn = _Scales(points, chosen)
    v: Floats = np.asarray(signs, np.float64)
    kept: Floats = np.empty(v.shape) if keeps_scales else v
    typical = None if weights is None else _typical_terms(drawn, weights)
    reaches = [point.reach() for point in points]
    confined = any(point.tangent is not None for point in points)
    for part in chunks(n):
        s = drawn.of(part)
        if weights is not None and typical is not None:
            _balance(s, weights[:, None, part], typical)
        for b, reach in enumerate(reaches):
            if reach is not None:
                # The largest step of the ladder has to stay inside.
                s[b] = np.minimum(s[b], reach[part] / ladder.step(0))
        v[..., part] *= s
        if keeps_scales:
            kept[..., part] = s
        if not confined:
            _make_exact(drawn.x[:, None, part], v[..., part], ladder)
    if confined:
        for b, point in enumerate(points):
            if point.tangent is not None:
                v[b] = [_confined(point, one, ladder) for one in v[b]]
        for part in chunks(n):
            _make_exact(drawn.x[:, None, part], v[..., part], ladder)
        for b, point in enumerate(points):
            if point.tangent is not None:
                # What rounding to a grid has moved out of the domain.
                v[b] = [point.tangent(one) for one in v[b]]
    return v, kept


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
    for part in chunks(point.n):
        _make_exact(point.x[part], v[part], ladder)
    return Direction(point.inside(v), s)


def along_one(point: Point, column: int, size: float, ladder: Ladder) -> Vector:
    """The direction along one input alone, of about ``size``, as ``finish`` makes it."""
    reach, one = point.reach(), slice(column, column + 1)
    v: Vector = np.zeros(point.n)
    v[column] = size if reach is None else min(size, reach[column] / ladder.step(0))
    _make_exact(point.x[one], v[one], ladder)
    return v


def scales(point: Point, scale: Scale) -> Vector:
    """How far each input moves at a step of 1: shape ``(n,)``, positive."""
    if scale not in point.remembered:
        point.remembered[scale] = _Scales([point], [scale]).of(slice(0, point.n))[0, 0]
    return point.remembered[scale]


def stacked(arrays: Sequence[Vector]) -> Vector:
    """Arrays of one shape along a new first axis; a single one is not copied."""
    return arrays[0][np.newaxis] if len(arrays) == 1 else np.array(arrays)


class _Scales:
    """How far the inputs of some points of one layout move, of each of some scales."""

    def __init__(self, points: Sequence[Point], chosen: Sequence[Scale]) -> None:
        self.x = stacked([point.x for point in points])
        self._chosen = chosen
        self._leaves = [leaf for leaf in points[0].layout.leaves if leaf.start < leaf.stop]
        self._typical, self._spreads = [], []
        for leaf in self._leaves:
            x = sampled(self.x[:, leaf.slice]).astype(np.float64, copy=False)
            typical = positive_medians(np.abs(x))[:, None]
            typical[typical == 0] = 1.0
            self._typical.append(typical)
            self._spreads.append(_spread(x, typical) if "spread" in chosen else typical)

    def of(self, part: slice) -> Floats:
        """Those of some inputs: shape ``(B, D, count)``."""
        step = part.step or 1
        s = np.empty((len(self.x), len(self._chosen), len(range(part.start, part.stop, step))))
        for leaf, typical, spread in zip(self._leaves, self._typical, self._spreads, strict=True):
            first = max(0, -((part.start - leaf.start) // step))
            past = -((part.start - min(leaf.stop, part.stop)) // step)
            if first >= past:
                continue
            at = slice(part.start + first * step, min(leaf.stop, part.stop), step)
            for d, scale in enumerate(self._chosen):
                moves = s[:, d, first:past]
                if scale == "spread":
                    moves[...] = spread
                    continue
                np.abs(self.x[:, at], out=moves)
                if not moves.all():
                    moves[...] = np.where(moves > 0, moves, typical)
        return s


def _spread(sample: Floats, typical: Floats) -> Floats:
    if sample.shape[1] < 3:
        return typical
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
    return x[..., _even(x.shape[-1])]


def _even(count: int) -> slice:
    return slice(0, count, max(count // _ENOUGH, 1))


def _middle(ordered: Vector) -> Vector:
    return ordered[..., ordered.shape[-1] // 2]


def _typical_terms(drawn: _Scales, weights: Vector) -> Floats:
    """What an input of median size contributes under the claimed gradients, if not balanced."""
    some = _even(weights.shape[-1])
    with np.errstate(all="ignore"):
        terms = np.abs(weights[:, None, some]) * drawn.of(some)
        typical = positive_medians(np.where(np.isfinite(terms), terms, 0.0))[..., None]
    typical[typical == 0] = np.inf
    return typical


def _balance(s: Floats, weights: Vector, typical: Floats) -> None:
    with np.errstate(all="ignore"):
        less = np.abs(weights) * s
        np.divide(typical, less, out=less)
        np.maximum(less, 1.0 / _LARGEST_BALANCE, out=less)
        # A share that is not a number changes nothing.
        s *= np.fmin(less, 1.0, out=less)


def _make_exact(x: Vector, v: Vector, ladder: Ladder) -> None:
    """Round ``v`` so that ``x ± h v`` is exact for every step ``h >= ladder.exact``."""
    with np.errstate(all="ignore"):
        moved = np.abs(v)
        grid = _spacing(np.abs(x) + moved.astype(x.dtype, copy=False))
        grid /= ladder.exact
        coarsest = _GRID_SHARE * grid.max(initial=0.0)
        small = moved < _GRID_SHARE * grid if moved.min(initial=np.inf) < coarsest else None
        kept = None if small is None else v[small]
        if coarsest < _LARGEST_GRID:
            grid *= _UNIT_LAST
            v += grid
            v -= grid
        else:
            v[...] = np.rint(v / grid) * grid
        if small is not None:
            v[small] = kept


def _spacing(size: Vector) -> Floats:
    """``np.spacing`` of positive numbers, in float64; by their bits where it can be."""
    plain = size.dtype == np.float64 and size.min(initial=np.inf) > _PLAIN
    if not (plain and size.max(initial=0.0) < np.inf):
        return np.spacing(size).astype(np.float64, copy=False)
    powers: Floats = (size.view(np.int64) & _EXPONENT).view(np.float64)
    powers *= 2.0**-52
    return powers
