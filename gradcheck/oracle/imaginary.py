"""The slope of a function by a step in the imaginary direction, where its code allows that.

For a function that is analytic around ``x``, ``Im f(x + i h v) / h`` is its slope along ``v`` up to
terms of the order of h². Nothing is subtracted, so that ``h`` can be tiny and no digit is lost:
slopes that drown in the rounding of every difference, as of tanh where it is saturated or of a loss
far from zero, can still be measured. (Squire and Trapp, Using complex variables to estimate
derivatives of real functions, SIAM Review 40, 1998.)

It is right only where every operation inside the function is known, so the numbers are given to it
in an object that is no array, see ``stepped``. A point on a kink has other slopes along ``v`` and
``-v``, and is left to real steps.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.exceptions import ComplexWarning
from numpy.typing import NDArray

from gradcheck.oracle.layout import Vector
from gradcheck.oracle.scatter import Scatter
from gradcheck.oracle.stepped import Stepped, UnknownOperation, numbers_of

Floats = NDArray[np.float64]
Numbers = NDArray[np.complex128]

#: The step: its square is nothing beside 1, and products with small numbers do not underflow.
_STEP = 2.0**-100
_LONGER = 2.0
#: The error is so many times the largest scatter of so many runs, in which numbers are moved by up
#: to so many units: by one each, what two of them do would cancel in every other run, and among
#: many entries somewhere in all of them.
_RUNS, _MARGIN, _UNLIKE = 6, 4.0, 4
#: Before them, so few in which every number is moved by another count of units, up to so many: two
#: that cancel are then told from two that do not. Where such wide moves leave less than `_PLENTY`
#: of every slope, more runs would tell nothing that is of use.
_FEW, _UNITS, _WIDE = 2, 64, 2.0
_PLENTY = 2.0**-32
#: The outputs of the steps and of the point itself agree to this, or something else was computed.
_SAME = 2.0**-20


class Imagined(NamedTuple):
    """The slope of every output with an error bound: shape ``(m,)`` each.

    ``decisions``: what comparisons on the way came to, as digests; 0 for a choice, as of a maximum,
    whose value does not jump. Without any it is the slope of a function that has every derivative.
    ``blur``: how far the outputs were seen to move by rounding; None where that was not looked at.
    """

    value: Floats
    error: Floats
    decisions: tuple[int, ...]
    blur: Floats | None = None


def imaginary_slope(
    compute: Callable[[Any], list[Any]],
    x: Vector,
    v: Vector,
    y: Vector,
    *,
    zero_will_do: bool = False,
    unbounded: bool = False,
    enough: float | None = None,
) -> Imagined | None:
    """The slopes along ``v``.

    ``compute(x)`` gives the outputs for a flat vector of numbers; ``y`` are those at ``x``. None
    where an operation inside is not known, on a kink, or where the step underflows. With
    ``zero_will_do``, slopes that are exactly zero on one side are answered at once; ``unbounded``,
    all are after one call of ``compute``, with an infinite bound. Where steps to both sides agree
    to what is ``enough``, as it was measured right beside, that is the bound.
    """
    if not np.array_equal(_STEP * v / _STEP, v):
        return None  # it underflows
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error", ComplexWarning)
            still = Scatter(0, units=0)
            up = _run(compute, x, v, _STEP, still, y.size)
            if zero_will_do and not up.imag.any():
                return Imagined(np.zeros(y.size), np.zeros(y.size), tuple(still.decisions))
            slope = up.imag / _STEP
            if unbounded:
                return Imagined(slope, np.full(y.size, np.inf), tuple(still.decisions))
            down = _run(compute, x, v, -_STEP, Scatter(0, units=0), y.size)
            gap, apart = np.abs(slope + down.imag / _STEP), np.abs(up.real - y)
            same = _SAME * np.abs(y).max(initial=0.0)
            if enough is not None and np.all(gap <= enough) and np.all(apart <= same):
                return Imagined(slope, np.full(y.size, enough), tuple(still.decisions))

            def scattered(scatters: Iterable[Scatter]) -> tuple[Floats, Floats]:
                """The largest move of the slopes and of the outputs."""
                # By another step: what a slope of zero shows by the third derivative grows with it.
                off, blur = np.zeros(y.size), np.zeros(y.size)
                for scatter in scatters:
                    with np.errstate(under="call", call=scatter.note_underflow):
                        moved = _run(compute, x, v, _LONGER * _STEP, scatter, y.size)
                    off = np.maximum(off, np.abs(moved.imag / (_LONGER * _STEP) - slope))
                    blur = np.maximum(blur, np.abs(moved.real - up.real))
                return off, blur

            few = [Scatter(seed, _UNITS, mixed=True) for seed in range(_FEW)]
            error, blur = (_WIDE * moved for moved in scattered(few))
            if not np.all(error <= _PLENTY * np.abs(slope)):
                many = [Scatter(seed, _UNLIKE, mixed=True) for seed in range(_RUNS)]
                error, blur = (_MARGIN * many[0].share * moved for moved in scattered(many))
    except Exception:
        # Code that was written for real arrays: whatever it raises, it cannot be measured so.
        return None
    if not (np.isfinite(slope).all() and np.isfinite(error).all()):
        return None
    agree = np.all((apart <= same + blur) & (gap <= error))
    return Imagined(slope, error, tuple(still.decisions), blur) if agree else None


def decisions_at(
    compute: Callable[[Any], list[Any]], x: Vector, size: int
) -> tuple[int, ...] | None:
    """What comparisons come to at another point; None where it cannot be seen there.

    Where it is something else a number may have jumped in between, as in a bisection, whose answer
    a step in the imaginary direction takes for constant.
    """
    scatter = Scatter(0, units=0)
    try:
        with np.errstate(all="ignore"):
            _run(compute, x, np.zeros(x.size), _STEP, scatter, size)
    except Exception:
        return None
    return tuple(scatter.decisions)


def _run(
    compute: Callable[[Any], list[Any]],
    x: Vector,
    v: Vector,
    step: float,
    scatter: Scatter,
    size: int,
) -> Numbers:
    z: Numbers = np.empty(x.size, complex)
    z.real = x
    np.multiply(v, step, out=z.imag)
    parts = compute(Stepped(z, scatter))
    flat: Numbers = np.concatenate([np.asarray(numbers_of(p), complex).reshape(-1) for p in parts])
    if flat.size != size:
        raise UnknownOperation("another shape")
    return flat
