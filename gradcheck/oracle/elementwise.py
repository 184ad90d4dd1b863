"""Functions whose every output depends on its own input alone: told, and their one-sided slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.oracle.interval import select
from gradcheck.oracle.ladder import Ladder, Line
from gradcheck.oracle.layout import Vector
from gradcheck.oracle.noise import noise_floor
from gradcheck.oracle.point import Point

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sides:
    """The slopes of each output from the left and the right along each own input, with errors."""

    left: Floats
    right: Floats
    left_error: Floats
    right_error: Floats


def elementwise_sides(line: Line, ladder: Ladder, levels: list[int], epsilon: float) -> Sides:
    """One-sided slopes of an elementwise function: shape ``(n,)`` each.

    Output k depends on input k alone, so one line gives every slope.
    """
    steps = np.array([ladder.step(level) for level in levels])
    floor = noise_floor(line, ladder, levels, epsilon)
    base = line.point.y
    with np.errstate(all="ignore"):
        # By the steps that were really taken, which are rounded where an input is large.
        up = np.array([(line.at(h) - base) / line.moved(h) for h in steps])
        down = np.array([(line.at(-h) - base) / line.moved(-h) for h in steps])
        floors = np.abs(floor / line.v)
    forward, forward_error = select(steps, up, floors)
    backward, backward_error = select(steps, down, floors)
    rising = line.v > 0
    return Sides(
        left=np.where(rising, backward, forward),
        right=np.where(rising, forward, backward),
        left_error=np.where(rising, backward_error, forward_error),
        right_error=np.where(rising, forward_error, backward_error),
    )


def is_elementwise(
    point: Point, v: Vector, step: float, rng: np.random.Generator, times: int = 3
) -> bool:
    """Whether each output is seen to depend on its own input alone; size 1 proves nothing.

    So many ``times`` a random half of the inputs is moved, then the other; the outputs of those
    that are not have to stay bit for bit.
    """
    if point.n != point.m or point.n < 2:
        return False
    for _ in range(times):
        half = rng.integers(0, 2, point.n) == 0
        if half.all() or not half.any():
            half[0] = not half[0]
        either = rng.choice([-1.0, 1.0], point.n) * v
        for moved in (half, ~half):
            away = step * np.where(moved, either, 0.0)
            y = point.evaluate(point.x + away.astype(point.x.dtype))
            if np.any((y != point.y) & ~moved):
                return False
    return True
