"""Measurements along a line, with error bounds: derivatives, kinks, one-sided slopes.

A measurement knows nothing of a claim.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.oracle.directions import along_one, finish, scales
from gradcheck.oracle.interval import GROWTH, select
from gradcheck.oracle.ladder import Ladder, Line
from gradcheck.oracle.layout import Vector
from gradcheck.oracle.noise import ROUNDING, known_noise, noise_beside, noise_floor, project
from gradcheck.oracle.norms import norms
from gradcheck.oracle.point import Point

Floats = NDArray[np.float64]

#: How often the interval in which a quantized function starts to move is halved.
_BISECTIONS = 10
#: How far out a function that does not move on the ladder is looked for a first move.
_FAR = (1.0, 2.0, 4.0, 2.0**4, 2.0**8, 2.0**14, 2.0**20, 2.0**30)
#: Noise is more than rounding from this many times of it; then so many levels more are looked at.
#: In float32 there are too few digits between rounding and the size of a number to wait so long.
_UNEXPLAINED = 2.0**6
_UNEXPLAINED_SINGLE = 2.0**2
#: Noise of this share of all that differences show leaves no shape to see.
_NO_SHAPE = 2.0**-5
#: Of so many of its smallest steps: a function that is quantized may stand still at the last ones.
_RECENT_SINGLE = 4
#: The noise of a function that has few digits, and whose rounding is known, grows by no more than
#: this from one step to the next: the jumps of a quantized one are not much larger than its
#: rounding, and a shape of steps that are as large is not taken for noise.
_GROWTH_QUANTIZED = 2.0
_DEEPER = 3
#: So many levels of larger steps can be looked at as well, up to 2²⁵ times the scale.
_WIDER = 9
#: A function that has not moved may have moved by some units of what it is quantized to.
_QUANTA = 8.0
#: A function that stands still for larger steps than this, which is more than the last bits even of
#: 12, is constant there, whatever comes then.
_TREAD = 2.0**-14
#: Of three quotients that are rounded by a share of them, the range is less than an eighth of what
#: it may be in one of 23 cases; that of the step itself is off by half of that at most.
_SPREAD = 4.0
#: A move of more than this share of what is seen at the first step that moves, eight times as far
#: at most, is a jump: by bisection between the two, one that begins there is made a thousandth.
_JUMP = 2.0**-5


@dataclass(frozen=True)
class Slopes:
    """Derivatives along a line, one for each output (or one for a projection of them).

    ``gap`` is the difference of the slopes from the two sides: of a kink at the point, or closer to
    it than the smallest usable step. Each with its error bound; shape ``(m,)`` or ``(1,)``.
    """

    value: Floats
    error: Floats
    gap: Floats
    gap_error: Floats

    def of(self, output: int) -> Slopes:
        """Those of one output, of shape ``(1,)``."""
        one = slice(output, output + 1)
        return Slopes(self.value[one], self.error[one], self.gap[one], self.gap_error[one])

    @property
    def kinked(self) -> NDArray[np.bool_]:
        """Where the slopes from the two sides are seen to differ by more than the error."""
        return (np.abs(self.gap) > self.gap_error) & (np.abs(self.gap) > self.error)


def slopes(
    line: Line,
    ladder: Ladder,
    levels: list[int],
    epsilon: float,
    u: Vector | None = None,
    quantum: float | Floats | None = None,
    *,
    sampled: bool = False,
    aware: bool = False,
    growth: float = GROWTH,
    heeding: bool = False,
    closely: bool = False,
) -> Slopes:
    """The slopes of every output along ``line``, or of the one projection ``u·y``.

    ``quantum`` is the least change that the function is able to show, where that is known. With
    ``sampled``, its noise is measured by more evaluations at the smallest step; ``aware``, its
    rounding and that of the steps are measured, too, once a point. ``heeding``: see ``select``.
    ``closely``: by extrapolated differences as well, where their error is the smaller one.
    """
    steps = np.array([ladder.step(level) for level in levels])
    seen = _Seen(line, ladder, levels, steps, epsilon, u)
    floor = np.maximum(seen.floor, seen.quantum(aware) if quantum is None else quantum)
    start = noise_beside(line, steps[-1], u) if sampled else None
    quotients = seen.odd / (2 * seen.taken)
    value, error = select(steps, quotients, floor, start, growth, heeding=heeding)
    if closely:
        square = (seen.taken[:-1] / seen.taken[1:]) ** 2
        better = quotients[1:] + np.diff(quotients, axis=0) / (square - 1.0)
        closer, its_error = select(steps[1:], better, floor, start, growth, heeding=heeding)
        chosen = (its_error < error) & (np.abs(closer - value) <= error + its_error)
        value, error = np.where(chosen, closer, value), np.where(chosen, its_error, error)
    twice = None if start is None else 2 * start
    gap, gap_error = select(steps, seen.even / steps[:, None], 2 * floor, twice, growth)
    return Slopes(value, error, gap, gap_error)


def slopes_of_each(
    lines: Sequence[Line], ladder: Ladder, levels: list[int], epsilon: float, *, aware: bool = False
) -> list[Slopes]:
    """The slopes of every output along each of several lines, as ``slopes`` gives them for one.

    Of few outputs numpy's cost is that of its calls, not of the numbers: these are chosen at once.
    """
    steps = np.array([ladder.step(level) for level in levels])
    seen = [_Seen(line, ladder, levels, steps, epsilon, None) for line in lines]
    floor = np.concatenate([np.maximum(one.floor, one.quantum(aware)) for one in seen])
    quotients = np.concatenate([one.odd / (2 * one.taken) for one in seen], axis=1)
    gaps = np.concatenate([one.even for one in seen], axis=1) / steps[:, None]
    found = (*select(steps, quotients, floor), *select(steps, gaps, 2 * floor))
    parts = (np.split(all_of_them, len(lines)) for all_of_them in found)
    return [Slopes(*four) for four in zip(*parts, strict=True)]


class _Seen:
    """The differences along a line at each step, of all outputs or of their projection.

    ``odd`` and ``even`` of shape ``(K, m)`` or ``(K, 1)``, ``taken`` of shape ``(K, 1)``, and the
    rounding ``floor`` of each column.
    """

    def __init__(
        self,
        line: Line,
        ladder: Ladder,
        levels: list[int],
        steps: Floats,
        epsilon: float,
        u: Vector | None,
    ) -> None:
        self.line, self.steps, self.u = line, steps, u
        self.odd: Floats = np.array([line.odd(h) for h in steps])
        self.even: Floats = np.array([line.even(h) for h in steps])
        self.floor: Floats = noise_floor(line, ladder, levels, epsilon)
        if u is not None:
            self.odd, self.even = (project(side, u)[:, None] for side in (self.odd, self.even))
            self.floor = norms(u * self.floor)[None]
        self.taken: Floats = np.array([line.taken(h) for h in steps])[:, None]

    def quantum(self, aware: bool) -> Floats:
        """The least change that the function is able to show, as far as it is seen."""
        found = known_noise(self.line, self.u) if aware else np.zeros(self.floor.shape)
        treads = _treads(self.line, self.steps, self.odd, self.even, self.floor)
        return np.maximum(found, _explained(self.line, self.u, treads)) if treads.any() else found


def _treads(line: Line, steps: Floats, odd: Floats, even: Floats, floor: Floats) -> Floats:
    """The least move of outputs that stand still at the smallest step, and not at all small ones.

    They are quantized: to the numbers of a narrower type, or to decimals. Shape ``(m,)``; 0 of
    those that are not, or only by the rounding that is their ``floor``, or whose treads are so wide
    that there they are constant.
    """
    moved = np.maximum(np.abs(odd), np.abs(even))
    still = np.count_nonzero(moved == 0, axis=0)
    if not np.count_nonzero((still > 0) & (still < len(steps))):
        return np.zeros(moved.shape[1])
    real = [k for k, h in enumerate(steps) if h <= _TREAD and _is_taken(line, float(h))]
    if not real:
        return np.zeros(moved.shape[1])
    moved = moved[real]
    least = np.where(moved > 0, moved, np.inf).min(axis=0)
    quantized = (moved[-1] == 0) & np.isfinite(least) & (least > _UNEXPLAINED * floor)
    return np.where(quantized, least, 0.0)


def _is_taken(line: Line, h: float) -> bool:
    """Whether all inputs move by about what they should: the smallest steps may be rounded away."""
    moving = line.v != 0
    asked = h * line.v[moving]
    return bool((np.abs(line.moved(h)[moving] - asked) <= 0.5 * np.abs(asked)).all())


def _explained(line: Line, u: Vector | None, treads: Floats) -> Floats:
    """The rounding of outputs that stand on treads, where these are of its size; else 0.

    Where nothing is known of it, treads are taken for rounding.
    """
    least = _QUANTA / 2 * treads
    if line.point.rounding is None:
        return least
    known = known_noise(line, u)
    return np.where(_QUANTA * known >= treads, np.minimum(known, least), 0.0)


def extrapolated(line: Line, ladder: Ladder, epsilon: float, u: Vector) -> tuple[float, float]:
    """The slope of ``u·y`` to fourth order, where differences converge as a smooth function's do.

    That is: from step to step by the square of their ratio, or they differ by rounding alone. The
    error is infinite where they do not. It is an estimate: what a third difference of a function
    with few derivatives would add is not bounded by it.
    """
    steps = np.array([ladder.step(level) for level in range(ladder.count)])
    values = np.array([float(project(line.odd(h), u)) / (2 * line.taken(h)) for h in steps])
    noise = norms(u * noise_floor(line, ladder, list(range(ladder.count)), epsilon)) / steps
    change, square = np.abs(np.diff(values)), ladder.ratio**2
    flat = change <= 2 * noise[1:]
    with np.errstate(all="ignore"):
        falling = np.abs(np.log2(change[:-1] / change[1:]) - np.log2(square)) < 1.0
    smooth = (flat[:-1] | falling) & (flat[1:] | np.append(falling[1:], False) | falling)
    better = values[1:] + np.diff(values) / (square - 1.0)
    error = np.abs(np.diff(better)) + 2 * noise[1:-1]
    error = np.where(smooth & np.isfinite(error), error, np.inf)
    best = int(np.argmin(error))
    return float(better[:-1][best]), float(error[best])


def _changing(line: Line, steps: list[float]) -> NDArray[np.bool_]:
    """The outputs that are not the same at all steps."""
    still, changing = line.point.y, np.zeros(line.point.m, bool)
    for h in steps:
        changing |= (line.at(h) != still) | (line.at(-h) != still)
    return changing


def _recent_noise(line: Line, steps: list[float], u: Vector) -> float:
    """The noise of ``u·y`` at the last of some steps, and what quotients change by on the way.

    Those of even differences as well: at a crest of a wave that is shorter than the steps only
    these are as large as it.
    """
    odd = [float(project(line.odd(h), u)) / (2 * line.taken(h)) for h in steps]
    even = [float(project(line.even(h), u)) / (2 * h) for h in steps]
    changes = np.abs(np.diff([odd, even])) * np.array(steps[1:])
    return max(float(noise_beside(line, steps[-1], u)[0]), float(np.max(changes)))


def overflows(line: Line, ladder: Ladder) -> bool:
    """Whether some slope may be larger than the largest number, though the function is not.

    Seen at the smallest step, where the difference itself is a number, by the least that moves.
    """
    h, moves = ladder.step(ladder.count - 1), np.abs(line.v[line.v != 0])
    odd = line.odd(h)
    return moves.size > 0 and bool(
        np.any(np.isfinite(odd) & ~np.isfinite(odd / (2 * h) / moves.min()))
    )


def wide_levels(line: Line, ladder: Ladder) -> list[int]:
    """Levels of much larger and smaller steps than those of the ladder, inside the domain.

    The scale of the inputs need not be that on which the function varies: a loss of logits of 1e-8
    varies with their difference from 0 at the scale of 1, and is too smooth to be seen to move at
    theirs; that of a sine of 1e8 is smaller than any step of the ladder.
    """
    first = 0 if line.point.tangent is not None else -_WIDER
    reach = line.point.reach()
    if reach is not None:
        moving = line.v != 0
        far = float(np.min(reach[moving] / np.abs(line.v[moving]), initial=np.inf))
        first = next((k for k in range(first, ladder.count) if ladder.step(k) <= far), ladder.count)
    return list(range(first, ladder.count + _DEEPER))


def coordinate_line(
    point: Point, column: int, reach: float, ladder: Ladder, u: Vector | None = None
) -> Line:
    """The line along one input (or, in a constrained domain, along its projection)."""
    if point.tangent is None:
        return Line(point, along_one(point, column, reach, ladder), u)
    unit = np.zeros(point.n)
    unit[column] = 1.0
    return Line(point, finish(point, np.full(point.n, reach), unit, ladder).v, u)


def moved_by(line: Line, column: int) -> float:
    """How far ``coordinate_line`` moves its input.

    In a constrained domain along its projection, of which the entry is the gradient's: what is
    measured along the line is divided by the size of what was projected.
    """
    point = line.point
    if point.tangent is None:
        return abs(float(line.v[column]))
    unit = np.zeros(point.n)
    unit[column] = 1.0
    own = float(point.tangent(unit)[column])
    return abs(float(line.v[column]) / own) if own else 0.0


def coordinate_reach(point: Point, column: int) -> tuple[float, float]:
    """How far one input moves at a step of 1, by spread and by magnitude."""
    return float(scales(point, "spread")[column]), float(scales(point, "magnitude")[column])


def measure_along(
    line: Line,
    u: Vector,
    ladder: Ladder,
    epsilon: float,
    *,
    wary: bool = False,
    sure: bool = False,
) -> Slopes:
    """The slope of ``u·y`` along ``line`` as well as it can be measured: shape ``(1,)``.

    ``wary``: little more noise than rounding explains is enough to know nothing, or noise of the
    size of all that the function varies by. ``sure``: so is noise that rounding does not explain,
    though nothing is known of it. In both rounding of that size: the shape is lost at every step.
    """
    scatter = line.point.rounding
    levels = list(range(ladder.count))
    steps = [ladder.step(level) for level in levels]
    floor = noise_floor(line, ladder, levels, epsilon)
    single = ladder.is_narrow
    noise = _recent_noise(line, steps[-_RECENT_SINGLE if single else -2 :], u)
    # By the rounding of the outputs that change at all: that of others is in no difference.
    changing = np.where(_changing(line, steps), u, 0.0)
    explained = max(float(known_noise(line, changing)[0]), float(norms(changing * floor)))
    unexplained = (_UNEXPLAINED_SINGLE if single or wary else _UNEXPLAINED) * explained
    if wary or sure:
        # An even function has no slope, but a shape.
        sides = (line.odd,) if wary else (line.odd, line.even)
        varied = np.array([float(project(side(h), u)) for side in sides for h in steps])
        most = float(np.abs(varied[np.isfinite(varied)]).max(initial=0.0))
        shape = _NO_SHAPE * most
        if explained >= shape:
            # What is known no better than to its own size may be a wave that no step resolves.
            size = float(np.abs(u).max() * np.abs(line.point.y).max())
            if wary or not np.isfinite(varied).all() or explained > _NO_SHAPE * size:
                return _unknown()
            # All that is seen up to the largest step is within what is known: it hardly moves.
            # What stands still may be rounded to that, as the slope of √(1 + d²) at a large d; so
            # may a sum of which it is a small term, where nothing is known of its rounding.
            rounded = max(float(known_noise(line, u)[0]), explained)
            if scatter is None:
                rounded = max(rounded, float(norms(u * floor)))
            error = np.full(1, (most + 2.0 * rounded) / steps[0])
            return Slopes(np.zeros(1), error, np.zeros(1), error)
        unexplained = min(unexplained, shape) if wary else unexplained
    if noise > unexplained:
        # More than rounding: the function may have a shape that is smaller than the steps.
        if not single:  # whose steps are as small as the numbers allow
            levels += range(ladder.count, ladder.count + _DEEPER)
            noise = noise_beside(line, ladder.step(levels[-1]), u)[0]
        if (sure or scatter is not None) and noise > unexplained:
            # Jumps smaller than any step look like noise around another slope.
            return _unknown()
    still = float(project(line.point.y, u))
    quantized = single or _moves(line, ladder.step(levels[-1]), u, still) == 0
    growth = _GROWTH_QUANTIZED if quantized and scatter is not None else GROWTH
    how = functools.partial(
        slopes, line, ladder, levels, epsilon,
        sampled=True, growth=growth, heeding=not single, closely=True,
    )  # fmt: skip
    measured = how(u=u, quantum=float(known_noise(line, u)[0]))
    if changing.any() and not np.array_equal(changing, u):
        # With the rounding of all outputs a shape of those that change may count as noise.
        alone = how(u=changing, quantum=float(known_noise(line, changing)[0]))
        apart = np.abs(measured.value - alone.value)
        error = np.where(apart > measured.error + alone.error, apart, measured.error)
        measured = replace(measured, error=error)
    moved = [_moves(line, ladder.step(level), u, still) for level in levels]
    # A step by which no input moves shows nothing.
    real = [moved[k] for k in levels if np.isfinite(line.moved(ladder.step(k))).any()]
    if moved[-1] > 0 or (scatter is not None and (not any(real) or real[-1] > 0)):
        return measured
    # It does not move at the smallest steps, and nothing is known of its rounding, or that it has
    # none: it is locally constant, or quantized.
    frozen = max(ladder.step(k) for k in levels if not any(moved[k:]))
    first = [k for k in levels if moved[k] > 0 and ladder.step(k) > frozen]
    if scatter is not None and frozen > _TREAD:
        return measured
    seen = moved[first[-1]] if first else 0.0
    moving = ladder.step(first[-1]) if first else None
    quantum, frozen = _quantum(line, u, still, frozen, moving)
    if quantum == 0 and scatter is None and line.point.reach() is not None:
        # Where the domain ends before it moves, it may be rounded as 1 is, in 1 + erf(x).
        quantum = ROUNDING * epsilon * float(np.abs(u).max())
    if not first:
        error = np.array([_QUANTA * quantum / frozen])
        return Slopes(np.zeros(1), error, np.zeros(1), error)
    further = slopes(line, ladder, levels, epsilon, u, _QUANTA / 2 * quantum, sampled=True)
    if scatter is None:
        return further
    if quantum <= _JUMP * seen:
        return measured  # it begins to move from there on
    # Treads as short as those of a number of few digits: it may have the slope of one, or that of
    # its stairs, of which the share that is rounded is the same at all powers of two.
    spread = min(float(noise_beside(line, ladder.step(k), u)[0]) / ladder.step(k) for k in first)
    apart = np.abs(further.value - measured.value) + further.error + _SPREAD * spread
    return replace(measured, error=np.maximum(measured.error, apart))


def _unknown() -> Slopes:
    return Slopes(np.zeros(1), np.full(1, np.inf), np.zeros(1), np.full(1, np.inf))


def _moves(line: Line, t: float, u: Vector, still: float, *, inside: bool = False) -> float:
    """By how much ``u·y`` differs from its value at the point, at ``±t``.

    ``inside``: at those of the two that are in the domain; not a number where none is.
    """
    sides = [side for side in (t, -t) if not inside or line.holds(side)]
    if not sides:
        return np.nan
    with np.errstate(all="ignore"):
        away = np.abs(np.array([project(line.at(side), u) for side in sides]) - still)
    away = away[np.isfinite(away)]
    return float(away.max()) if away.size else 0.0


def _quantum(
    line: Line, u: Vector, still: float, frozen: float, moving: float | None
) -> tuple[float, float]:
    """The smallest move seen and the largest step without one, by bisection between them."""
    moves = functools.partial(_moves, line, u=u, still=still, inside=moving is None)
    if moving is None:
        for far in _FAR:
            move = moves(far)
            if move > 0:
                moving = far
            if move != 0:
                break  # it moves, or the domain does not go on
            frozen = far
    if moving is None:
        return 0.0, frozen
    quantum = moves(moving)
    for _ in range(_BISECTIONS):
        middle = (frozen + moving) / 2
        move = moves(middle)
        if move > 0:
            moving, quantum = middle, min(quantum, move)
        else:
            frozen = middle
    return quantum, frozen
