"""By what one run of jitter moves numbers: their last bits, and what may have underflowed."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

_DOUBLE = np.dtype(np.float64)
#: Numbers of the pool, which holds them twice, so that it goes on from any start.
_POOL_SIZE = 1 << 15
#: How far apart the starts of two operations are, beside what the first takes: an odd number.
_APART = 7919
#: By how much larger the moves of a mixed run are, at most.
_MIXED = 4


class Scatter:
    """The shares ±2⁻⁵² (of float64; of narrower types theirs) by which one run moves numbers.

    With ``units``, so many times as large; ``mixed``, by up to so many. In a ``wide`` run single
    integers are followed as well: ``1 - 0.999**t`` is rounded, though ``t`` is not. Code may do
    something else with an array than with a number, as ``[0] * t`` does. With ``literals``, so are
    numbers that are written in the code, as in ``1 - σ(36.0)``. With ``constants`` those that a
    function has of its own are off themselves, as π is in ``sin(x + π)``. One that ``fills`` puts
    the least normal number in the place of what may have underflowed; one that ``sinks`` moves what
    has underflowed to 0 by what that takes at most, the least number of all. One that ``heeds``
    leaves alone what came out exact, as 1·1 does, beside which a comparison may stand, or the 1 of
    a tanh far out, of which 1 - y² is 0.

    They come from one long random array, from a start of the run's own onwards: drawing them anew
    for every operation would cost more than most operations.
    """

    def __init__(
        self,
        seed: int,
        units: int = 1,
        *,
        mixed: bool = False,
        wide: bool = False,
        fills: bool = False,
        heeds: bool = False,
        sinks: bool = False,
        literals: bool = False,
        constants: bool = False,
    ) -> None:
        self._units, self._mixed, self.wide, self.fills = units, mixed, wide, fills
        self.heeds, self.sinks, self.literals = heeds, sinks, literals
        self.constants = constants
        #: What its moves count: those of a mixed run are as large as others in the mean.
        self.share = 2.0 / (1 + units) if mixed else 1.0
        #: Whether nothing is moved at all.
        self.is_still = units == 0
        #: The names of the operations that were met.
        self.met: set[str] = set()
        #: Whether some numbers were taken out of it, so that it does not move what is made of them.
        self.escaped = False
        #: How many operations on steps in the imaginary direction were seen to underflow.
        self.underflows = 0
        #: What comparisons and choices of steps in the imaginary direction came to, as digests.
        self.decisions: list[int] = []
        #: Whether a function uses numbers of its own that were not moved.
        self.unseen = False
        #: What it multiplies float64 by; asking for those of a type takes longer.
        self._doubles = _factors(_DOUBLE, units, mixed)
        # Any start will do that differs from run to run; Knuth's multiplier spreads them.
        self._at = seed * 2654435761 % _POOL_SIZE

    def note_underflow(self, what: str, flag: int) -> None:
        """As ``numpy.errstate`` calls it."""
        self.underflows += 1

    def factors(self, array: np.ndarray) -> np.ndarray:
        """A factor 1 ± 2⁻⁵² for each entry of ``array``, of its shape and type."""
        if array.dtype == _DOUBLE:
            return self._next(array, self._doubles)
        return self._next(array, _factors(array.dtype, self._units, self._mixed))

    def moved(self, array: np.ndarray) -> np.ndarray:
        """``array`` times such factors."""
        moved: np.ndarray = array * self.factors(array)
        return moved

    def moves(self, array: np.ndarray) -> np.ndarray:
        """A share ±2⁻⁵² for each entry of ``array``, of its shape and type."""
        return self._next(array, _moves(array.dtype, self._units, self._mixed))

    def sunk(self, array: np.ndarray) -> np.ndarray:
        """What to move numbers by that have underflowed, of the shape and type of ``array``."""
        return np.asarray(self.moves(array) * _least_normal(array.dtype))

    def _next(self, array: np.ndarray, pool: np.ndarray) -> np.ndarray:
        size, at = array.size, self._at
        # Two operations on arrays of one size must not start at the same place: they might cancel.
        self._at = (at + size + _APART) % _POOL_SIZE
        if size > _POOL_SIZE:
            chosen = np.resize(pool[at : at + _POOL_SIZE], size)
        else:
            chosen = pool[at : at + size]
        return chosen if array.ndim == 1 else chosen.reshape(array.shape)


def plain_of(value: Any, carrier: type) -> Any:
    """A value, or those in lists, tuples and dicts, with plain arrays for those of a carrier."""
    kind = type(value)
    if kind is carrier:
        array = value.view(np.ndarray)
        return array if array.ndim else array[()]
    if kind is tuple or kind is list:
        return kind([plain_of(part, carrier) for part in value])
    if kind is dict:
        return {name: plain_of(part, carrier) for name, part in value.items()}
    return value


def one_of_many(seed: int, number: int, **follows: bool) -> Scatter:
    """The run ``number`` of several.

    Two operations that are moved by the same amount can cancel, which they do in every other run,
    and among many entries somewhere in all of them. Every second run moves by different amounts.
    """
    mixed = number % 2 == 1
    return Scatter(seed + number, _MIXED if mixed else 1, mixed=mixed, heeds=True, **follows)


def inexact(array: np.ndarray) -> np.ndarray:
    """Where a constant is taken for rounded: it has more digits than somebody writes by intent."""
    with np.errstate(all="ignore"):
        return np.asarray(array.astype(np.float32) != array)


def jitter(array: np.ndarray, rng: Scatter | None) -> np.ndarray:
    """``array`` off by its last bit, as a run moves it."""
    if rng is None:
        return array
    if array.dtype.kind == "c":
        return np.asarray(array + off_by(np.abs(array), rng, array.dtype))
    moved = np.asarray(array * rng.factors(array))
    least = _least_normal(array.dtype)
    small = np.abs(array) < least
    if not np.count_nonzero(small):
        return moved
    if rng.fills:
        return np.where(small, np.sign(rng.moves(array)) * least, moved)
    # Of a number that has lost digits the last bit is a larger share.
    small &= array != 0
    return np.asarray(np.where(small, array + rng.sunk(array), moved))


def off_by(size: np.ndarray, rng: Scatter, dtype: np.dtype[Any]) -> np.ndarray:
    """Moves by the last bit of numbers of some size; of complex ones in both parts."""
    moves = rng.moves(size) * size
    return np.asarray(moves + 1j * rng.moves(size) * size if dtype.kind == "c" else moves)


@functools.cache
def _least_normal(dtype: np.dtype[Any]) -> np.floating:
    return np.finfo(dtype).smallest_normal


@functools.cache
def _moves(dtype: np.dtype[Any], units: int, mixed: bool) -> np.ndarray:
    rng = np.random.default_rng(20)
    signs = rng.choice([-1.0, 1.0], _POOL_SIZE).astype(dtype)
    count = rng.integers(1, units + 1, _POOL_SIZE) if mixed else units
    moves: np.ndarray = signs * (np.asarray(count, dtype) * np.spacing(dtype.type(1)))
    return np.concatenate([moves, moves])


@functools.cache
def _factors(dtype: np.dtype[Any], units: int, mixed: bool) -> np.ndarray:
    return dtype.type(1) + _moves(dtype, units, mixed)
