"""Which entries are wrong, by probes rather than by the whole Jacobian."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradcheck.oracle.layout import Vector

#: A window is so many times as narrow, to both sides, as the one before; one of so few inputs is
#: narrow enough, since noise that let a wider one be found is less than one of them.
_NARROWER = 64
_CLEAR = 32


def suspect_output(u: Vector, residual: Callable[[Vector], float]) -> Vector:
    """The one output that a disagreement under the cotangent ``u`` comes from, as a cotangent.

    Halves are compared by ``residual``, which costs calls of the rule alone.
    """
    while np.count_nonzero(u) > 1:
        first, second = _halves(u)
        u = first if abs(residual(first)) >= abs(residual(second)) else second
    return u


def weighed_column(v: Vector, whole: float, residual: Callable[[Vector], float]) -> int | None:
    """The one input that a disagreement ``whole`` along ``v`` comes from, by one line more.

    Along ``v`` times weights that grow evenly with the position, one wrong input at position j
    leaves the share j/n of the disagreement. None where the share is none.
    """
    positions = np.flatnonzero(v)
    weights = np.zeros_like(v)
    weights[positions] = np.arange(1, positions.size + 1) / positions.size
    share = residual(v * weights) / whole if whole else np.nan
    if not 0 < share <= 1 + 0.5 / positions.size:
        return None
    return int(positions[min(round(share * positions.size), positions.size) - 1])


def narrowed_column(
    v: Vector, whole: float, residual: Callable[[Vector], float], near: int
) -> int | None:
    """As ``weighed_column``, of very many inputs: noise has put its answer ``near`` the wrong one.

    Weights that grow from 1 to 2 inside a window tell a place in it by one line, and that the
    wrong input is not in it by a share below 1. Windows narrow until noise has no room.
    """
    positions = np.flatnonzero(v)
    at = int(np.searchsorted(positions, near))
    while positions.size > _CLEAR:
        half = max(_CLEAR // 2, positions.size // _NARROWER)
        start = max(0, at - half)
        positions = positions[start : at + half]
        weights = np.zeros_like(v)
        weights[positions] = 1 + np.arange(1, positions.size + 1) / positions.size
        share = residual(v * weights) / whole if whole else np.nan
        if not 1 <= share <= 2 + 0.5 / positions.size:
            return None
        at = min(round((share - 1) * positions.size), positions.size) - 1
    return int(positions[max(at, 0)])


def suspect_column(v: Vector, residual: Callable[[Vector], float]) -> int:
    """The one input that a disagreement along ``v`` comes from; ``residual`` measures a line.

    Halves are compared: one line for each half of the inputs that are left.
    """
    while np.count_nonzero(v) > 1:
        first, second = _halves(v)
        v = first if abs(residual(first)) >= abs(residual(second)) else second
    return int(np.flatnonzero(v)[0])


def _halves(weights: Vector) -> tuple[Vector, Vector]:
    positions = np.flatnonzero(weights)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    middle = positions.size // 2
    first[positions[:middle]] = weights[positions[:middle]]
    second[positions[middle:]] = weights[positions[middle:]]
    return first, second
