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


def select(
    steps: Floats, values: Floats, floor: Floats, start: Floats | None = None
) -> tuple[Floats, Floats]:
    """The value at step zero and its error bound, for each column of ``values``.

    ``steps`` of shape ``(K,)`` fall; ``values`` of shape ``(K, m)`` hold the quotient at each step;
    ``floor`` of shape ``(m,)`` is the least error of the *numerator* of each quotient, ``start``
    what was measured of it at the smallest step. Levels that are not finite are passed over.
    Returns value and error, shape ``(m,)`` each; the error is infinite where fewer than two levels
    are finite.

    Noise that is taken too small makes intervals that contradict each other; noise that is taken
    too large lets no small step contradict a large one. Both end in a wrong value.
    """
    levels, columns = values.shape
    value, error = np.zeros(columns), np.full(columns, np.inf)
    low, high = np.full(columns, -np.inf), np.full(columns, np.inf)
    climbing = np.ones(columns, bool)
    flat = np.ones(columns, bool)
    with np.errstate(all="ignore"):
        change = np.abs(np.diff(values, axis=0))
        change = np.where(np.isfinite(change), change, np.inf)
        # Two neighbouring quotients differ by the noise over the smaller step.
        noise = np.where(np.isfinite(change), change * steps[1:, None], 0.0)
        amplitude = np.maximum(floor, noise[-1] if start is None else start)
        for k in range(levels - 1, 0, -1):
            sample = noise[min(k, levels - 2)]
            flat &= sample <= GROWTH * amplitude
            amplitude = np.where(flat, np.maximum(amplitude, sample), amplitude)
            # change[k - 1] is between this step and the next larger one.
            radius = change[k - 1] + 2.0 * amplitude / steps[k]
            usable = np.isfinite(radius) & np.isfinite(values[k])
            below = np.where(usable, values[k] - radius, -np.inf)
            above = np.where(usable, values[k] + radius, np.inf)
            climbing &= (below <= high) & (above >= low)
            low = np.where(climbing, np.maximum(low, below), low)
            high = np.where(climbing, np.minimum(high, above), high)
            better = climbing & usable & (radius < error)
            value = np.where(better, values[k], value)
            error = np.where(better, radius, error)
    return value, error
