"""From differences at many steps to one value with an error bound: Lepski's choice.

The error of a central difference has two parts. Truncation shrinks with the step and is bounded by
how much the difference changed from the step before: the plain difference is used, not an
extrapolated one, since where the second derivative jumps the error is of first order only, and
then the change is still seven times as large as what is left. Noise grows as the step shrinks; its
amplitude is what smaller steps disagree by.

The interval of the smallest step is wide but safe. From there the ladder is climbed: an interval of
a larger step is believed as long as it meets every one before, and the first that does not ends
the climb. Taking the smallest error estimate instead, as Ridders' method does, trusts a large step
at which the function has not begun to look smooth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Noise is flat from step to step; what is left of the function's own shape grows with the cube of
#: the step, 512-fold from one level to the next, or jumps where a kink comes into reach. The noise
#: of smaller steps is believed to be that of larger ones as long as it grows by less than this.
GROWTH = 32.0


#: A smaller step contradicts from so many times its noise; by no more than this share of the value,
#: since what is off by more is no small shape but noise of a few steps that did not move.
_CLEAR = 16.0
_WEAK = 2.0**-4


def select(
    steps: Floats,
    values: Floats,
    floor: Floats,
    start: Floats | None = None,
    growth: float = GROWTH,
    *,
    heeding: bool = False,
) -> tuple[Floats, Floats]:
    """The value at step zero and its error bound, for each column of ``values``.

    ``steps`` of shape ``(K,)`` fall; ``values`` of shape ``(K, m)`` hold the quotient at each step;
    ``floor`` of shape ``(m,)`` is the least error of the *numerator* of each quotient, ``start``
    what was measured of it at the smallest step, ``growth`` by how much more it may be at the next
    level. Levels that are not finite are passed over. ``heeding``: the error covers all that
    smaller steps show by clearly more than ``start``, as of a kink so weak that it is taken for
    noise that grows.
    Returns value and error, shape ``(m,)`` each; the error is infinite where fewer than two levels
    are finite.

    Noise that is taken too small makes intervals that contradict each other; noise that is taken
    too large lets no small step contradict a large one. Both end in a wrong value.
    """
    with np.errstate(all="ignore"):
        # From the smallest step upwards: row 0 is the deepest level.
        values, steps = values[::-1], steps[::-1]
        change = np.abs(np.diff(values, axis=0))
        change[~np.isfinite(change)] = np.inf
        # Two neighbouring quotients differ by the noise over the smaller step.
        noise = change * steps[:-1, None]
        noise[np.isinf(noise)] = 0.0
        first = np.maximum(floor, noise[:2].max(axis=0) if start is None else start)
        known = np.maximum.accumulate(np.concatenate([first[None], noise]), axis=0)
        flat = np.logical_and.accumulate(noise <= growth * known[:-1], axis=0)
        amplitude = np.maximum(first, np.maximum.accumulate(np.where(flat, noise, 0.0), axis=0))
        blur = 2.0 * amplitude / steps[:-1, None]
        # change[k] is between level k and the next larger step. Where smaller steps changed by
        # more, and not by noise, the function has a shape that larger ones average over.
        structure = np.maximum.accumulate(np.where(change > blur, change, 0.0), axis=0)
        radius = np.maximum(change, structure) + blur
        values = values[:-1]
        usable = np.isfinite(radius) & np.isfinite(values)
        below = np.where(usable, values - radius, -np.inf)
        above = np.where(usable, values + radius, np.inf)
        # An interval is believed as long as it meets all that come from smaller steps.
        meets = np.maximum.accumulate(below, axis=0) <= np.minimum.accumulate(above, axis=0)
        believed = np.logical_and.accumulate(meets, axis=0) & usable
        error = np.where(believed, radius, np.inf)
        best = error.argmin(axis=0)
        columns = np.arange(values.shape[1])
        error, value = error[best, columns], values[best, columns]
        if heeding and start is not None:
            off = np.abs(values - value)
            # What stands still at the smallest step shows no noise there, and none of its own.
            least = np.where(start > 0, _CLEAR * start, 2.0 * floor)
            clear = off > least / steps[:-1, None]
            weak = off <= _WEAK * np.abs(value)
            smaller = np.arange(values.shape[0])[:, None] < best
            shown = np.where(clear & weak & smaller & usable, off, 0.0)
            error = np.maximum(error, shown.max(axis=0))
    return np.where(np.isfinite(error), value, 0.0), error
