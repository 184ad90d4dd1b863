"""Which entries are wrong, by probes rather than by the whole Jacobian."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradcheck.oracle.layout import Vector


@dataclass(frozen=True)
class Suspect:
    """One entry: the output (as a unit cotangent ``u``) and the input ``column``."""

    u: Vector
    column: int


def suspect_output(u: Vector, residual: Callable[[Vector], float]) -> Vector:
    """The one output that a disagreement under the cotangent ``u`` comes from, as a cotangent.

    Halves are compared by ``residual``, which costs calls of the rule alone.
    """
    while np.count_nonzero(u) > 1:
        first, second = _halves(u)
        u = first if residual(first) >= residual(second) else second
    return u


def suspect_column(v: Vector, residual: Callable[[Vector], float]) -> int:
    """The one input that a disagreement along ``v`` comes from; ``residual`` measures a line."""
    while np.count_nonzero(v) > 1:
        first, second = _halves(v)
        v = first if residual(first) >= residual(second) else second
    return int(np.flatnonzero(v)[0])


def _halves(weights: Vector) -> tuple[Vector, Vector]:
    positions = np.flatnonzero(weights)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    middle = positions.size // 2
    first[positions[:middle]] = weights[positions[:middle]]
    second[positions[middle:]] = weights[positions[middle:]]
    return first, second
