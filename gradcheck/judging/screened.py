"""A line that a claim was compared along, and what on it the cheap pass has left open."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gradcheck.judging.context import Along, Context, Floats, Mask
from gradcheck.judging.evidence import COARSEST, OF_BULK, OF_EVERY, Shares
from gradcheck.oracle.directions import (
    Direction,
)
from gradcheck.oracle.ladder import Line
from gradcheck.oracle.layout import Vector
from gradcheck.oracle.norms import norms

#: Beyond this many entries those of median size are found among a sample, of so many, spread by the
#: multiplier of Knuth's hash.
_MANY = 1024
_SCATTERED = 2654435761
#: The median and its neighbours.
_ABOUT = np.arange(-1, 2)


@dataclass(eq=False)
class Test:
    """One cotangent along a line.

    The claimed number, what a typical entry of each gradient contributes to it, and its norm;
    ``limit``, within which the cheap pass would have settled it.
    """

    u: Vector
    claimed: float
    shares: Shares
    norm: float
    limit: float = 0.0
    #: By how much it is off, or was when it was found to agree.
    off: float = 0.0
    #: To what limit it was found to agree at last.
    within: float = np.inf

    @property
    def share(self) -> float:
        """The least that a typical entry contributes."""
        return float(least_positive(self.shares.every))

    def tells(self, limit: float) -> bool:
        """Whether agreement to ``limit`` says something: with a higher one, anything agrees."""
        return limit <= COARSEST * float(least_positive(self.shares.bulk))

    def record(self, context: Context, measured: float, limit: float) -> None:
        """Note that it agrees to ``limit``, or to that of the cheap pass, which asks no more."""
        self.off, limit = abs(self.claimed - measured), max(limit, self.limit)
        self.within = limit
        context.evidence.record(
            np.array([self.claimed]),
            np.array([measured]),
            np.array([limit]),
            self.shares.at(np.newaxis),
        )


@dataclass
class Screened:
    """A line, and what on it the cheap pass has not settled.

    For a claim that pulls a cotangent back, the cotangents and the tests that disagree; for one of
    entries or tangents, ``left`` marks the claimed rows that do, and ``limits`` are those of the
    cheap pass.
    """

    line: Line
    direction: Direction
    cotangents: Floats = field(default_factory=lambda: np.empty(0))
    tests: list[Test] = field(default_factory=list)
    left: Mask | None = None
    limits: Floats | None = None
    along: Along | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing is left to look at."""
        return not self.tests and (self.left is None or not self.left.any())

    def test(self, context: Context, u: Vector) -> Test:
        """The claimed number for a cotangent."""
        g = context.claim.again(u)
        terms = g * self.line.v
        shares = [
            typical_shares(g[leaf.slice], self.direction.scale[leaf.slice])
            for leaf in context.subject.inputs.leaves
        ]
        every, bulk = np.moveaxis(np.array(shares), -1, 0)
        return Test(u, float(terms.sum()), Shares(every, bulk), float(norms(terms)))

    def retaken(self, context: Context) -> list[Test]:
        """The tests of all cotangents of the line."""
        return [self.test(context, u) for u in self.cotangents]


def least_positive(shares: Floats) -> Floats:
    """The least of those along the last axis that are not zero; zero where all are."""
    least: Floats = np.where(shares > 0, shares, np.inf).min(axis=-1, initial=np.inf)
    return np.where(np.isfinite(least), least, 0.0)


def scattered(values: Vector) -> Vector:
    """Of very many values along the last axis a sample; no even one, which would follow an axis."""
    count = values.shape[-1]
    return values[..., np.arange(_MANY) * _SCATTERED % count] if count > _MANY else values


def typical_shares(g: Vector, scale: Vector) -> Floats:
    """The least that one entry of median size contributes to ``g·v``: with a last axis of two.

    The signs of ``scale`` do not matter.

    Of all entries that are not zero, and of those that are not small.
    """
    size, scale = np.abs(scattered(g)), scattered(scale)
    count = size.shape[-1]
    if count == 0:
        return np.zeros((*g.shape[:-1], 2))
    shape, scale = size.shape[:-1], np.broadcast_to(scale, size.shape).reshape(-1, count)
    size = size.reshape(-1, count)
    order, each = size.argsort(axis=-1), np.arange(size.shape[0])[:, None]
    largest = size.max(axis=-1)[:, None]
    zero, small = (
        np.add.reduce(size <= cut * largest, axis=-1)[:, None] for cut in (OF_EVERY, OF_BULK)
    )

    def share(zeros: NDArray[np.intp]) -> Floats:
        near = (zeros + count) // 2 + _ABOUT
        near = np.minimum(np.maximum(near, np.minimum(zeros, count - 1)), count - 1)
        chosen = order[each, near]
        least = 0.5 * np.abs(size[each, chosen] * scale[each, chosen]).min(axis=-1)
        return np.where(largest[:, 0] > 0, least, 0.0)

    every = share(zero)
    bulk = every if (zero == small).all() else share(small)
    return np.stack([every, bulk], axis=-1).reshape(*shape, 2)
