"""A function at a point, flattened, with every evaluation counted."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gradcheck.oracle.imaginary import Imagined
from gradcheck.oracle.layout import Layout, Vector

Floats = NDArray[np.float64]


#: How often the rounding of steps is sampled, and by which signs: two inputs that count alike
#: cancel in half of the runs.
_STEPPING_RUNS = 8
_STEPPING_SEED = 7


class Point:
    """``y = f(x)`` for flat ``x`` of shape ``(n,)`` and ``y`` of shape ``(m,)``.

    ``low`` and ``high`` are the bounds that no probe may cross; ``tangent`` projects a direction
    onto those that stay inside the domain. ``x`` keeps its dtype, and so do the probes; outputs
    are held in float64.
    """

    def __init__(
        self,
        function: Callable[[Vector], Vector],
        x: Vector,
        y: Vector,
        layout: Layout,
        *,
        low: Vector | None = None,
        high: Vector | None = None,
        tangent: Callable[[Vector], Vector] | None = None,
        scatter: Callable[[], Vector | None] | None = None,
        imaginary: Callable[..., Imagined | None] | None = None,
    ) -> None:
        self._function = function
        self.x = x
        self.y: Floats = y.astype(np.float64, copy=False)
        self.layout = layout
        self.low, self.high = low, high
        self.tangent = tangent
        #: Measures how far rounding moves each output, where that can be measured.
        self.scatter = scatter
        #: Measures the slopes along a direction by a step in the imaginary one, where it can.
        self.imaginary = imaginary
        #: The error of each output, of a function that is itself made of differences.
        self.error: Floats | None = None
        #: Only the outputs that are asked for, of a function that measures each by itself.
        self.some: Callable[[Vector, NDArray[np.bool_]], Vector] | None = None
        self.evaluations = 1  # the one that gave y
        #: What was derived of the point once, such as the scales of its inputs.
        self.remembered: dict[str, Vector] = {}

    @property
    def n(self) -> int:
        """The number of inputs."""
        return self.x.size

    @property
    def m(self) -> int:
        """The number of outputs."""
        return self.y.size

    def inside(self, v: Vector) -> Vector:
        """A direction projected onto those that stay inside the domain."""
        return v if self.tangent is None else self.tangent(v)

    def along(self, gradient: Vector) -> Vector:
        """What a gradient says inside the domain: how ``f`` varies along each input's projection.

        The transpose of ``inside``, which moves a direction.
        """
        return gradient if self.tangent is None else self._projections @ gradient

    @functools.cached_property
    def _projections(self) -> Floats:
        return np.array([self.inside(unit) for unit in np.eye(self.n)])

    def evaluate(self, x: Vector, asked: NDArray[np.bool_] | None = None) -> Floats:
        """The output at ``x``; NaN where the function raises there, which a probe may cause.

        Of those that are not ``asked`` for nothing need be true.
        """
        self.evaluations += 1
        try:
            y = self._function(x) if asked is None or self.some is None else self.some(x, asked)
        except Exception:
            # The function answered at the point itself, so that a probe has left its domain.
            return np.full(self.y.shape, np.nan)
        if y.shape != self.y.shape:
            return np.full(self.y.shape, np.nan)
        return np.asarray(y, dtype=np.float64)

    @functools.cached_property
    def rounding(self) -> Vector | None:
        """How far rounding inside the function moves each output: shape ``(m,)``.

        None where that cannot be measured, since the function does not compute with numpy alone.
        """
        if self.error is not None:
            return self.error
        return self.scatter() if self.scatter is not None else None

    @functools.cached_property
    def stepping(self) -> Floats:
        """How far rounding of ``x + h v`` moves each output: shape ``(m,)``.

        Where a step moves an input by less than its last bit, it is not the step that was meant.
        """
        return self.moved_by_rounding(np.abs(self.x))

    def moved_by_rounding(self, size: Vector) -> Floats:
        """How far the last bits of inputs of ``size`` move each output: shape ``(m,)``."""
        rng = np.random.default_rng(_STEPPING_SEED)
        moved = np.zeros(self.m)
        # Of different sizes: where outputs see the difference of two inputs, equal moves are lost.
        shares = rng.uniform(0.5, 1.0, (_STEPPING_RUNS, self.n))
        shares *= rng.choice([-1.0, 1.0], shares.shape)
        for share in shares:
            away = share * np.spacing(size.astype(self.x.dtype))
            off = np.abs(self.evaluate((self.x + away).astype(self.x.dtype)) - self.y)
            moved = np.maximum(moved, np.where(np.isfinite(off), off, 0.0))
        return moved

    def holds(self, x: Vector) -> bool:
        """Whether ``x`` is within the bounds."""
        above = self.low is None or bool((x >= self.low).all())
        return above and (self.high is None or bool((x <= self.high).all()))

    def reach(self) -> Vector | None:
        """How far each input may move to both sides: shape ``(n,)``; None where nothing bounds."""
        if self.low is None and self.high is None:
            return None
        reach = np.full(self.n, np.inf)
        if self.low is not None:
            reach = np.minimum(reach, self.x - self.low)
        if self.high is not None:
            reach = np.minimum(reach, self.high - self.x)
        return np.maximum(reach, 0.0)
