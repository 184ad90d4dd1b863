"""The expressions of an identity at one point, and what rounding inside them may do to each."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.answers import copy_of, same
from gradcheck.case import Case
from gradcheck.claims import Identity
from gradcheck.hints import said
from gradcheck.judging.context import MARGIN
from gradcheck.oracle import rounding
from gradcheck.oracle.own_numbers import with_numbers
from gradcheck.oracle.recording import Recording
from gradcheck.oracle.scatter import Scatter, one_of_many
from gradcheck.returned import SetAside, Violation, raises
from gradcheck.verdict import Entry, Measured

Floats = NDArray[np.float64]

#: The sides may differ by so many times the scatter of two runs, in which the rounding of every
#: operation is drawn; of the largest of more runs where that would be a failure. (In one run two
#: roundings can cancel.)
_MARGIN = 8.0
_RUNS = 2
MORE_RUNS = 12
#: A side whose operations are all exact is still rounded once when it is stored.
_UNIT = 2.0**-52
#: A side that an array in the place of an integer moves by more of its size is another one.
_RESEMBLING = 2.0**-20
#: Sides that agree to this agree; how far rounding could have moved them need not be measured.
AGREEMENT = 2.0**-50


class Sides:
    """The expressions of an identity at one point, of one shape."""

    def __init__(
        self,
        identity: Identity,
        values: Mapping[str, Any],
        wrap: Callable[[Any], Any] | None = None,
    ) -> None:
        self.identity, self.inputs = identity, values
        given = {n: wrap(v) if wrap else copy_of(v) for n, v in values.items()}
        self._recording = Recording()
        function = with_numbers(identity.function, wrap) if wrap else identity.function
        try:
            with contextlib.nullcontext() if wrap else self._recording.record():
                raw = function(**given)
        except Violation:
            raise
        except Exception as error:
            raise SetAside("raised", raises(identity.name, error)) from error
        if not isinstance(raw, tuple | list) or len(raw) < 2:
            raise Violation(
                "wrong answer",
                said(
                    "{name} has to return two or more expressions that are equal, such as "
                    "`return left, right`; it returns {kind}",
                    "{name} 应返回两个或更多相等的表达式，例如 `return left, right`；"
                    "它返回的是 {kind}",
                    name=identity.name,
                    kind=type(raw).__name__,
                ),
            )
        if wrap is None and not same(list(given.values()), list(values.values())):
            told = said(
                "{name} changes an input in place", "{name} 就地修改了输入", name=identity.name
            )
            raise Violation("input changed", told)
        self.count = len(raw)
        self.errors: list[Any] = [
            np.asarray(side.error, dtype=np.float64) if isinstance(side, Measured) else 0.0
            for side in raw
        ]
        sides = [side.value if isinstance(side, Measured) else side for side in raw]
        #: Whether jitter has come through to each side.
        self.carried = [rounding.is_jittered(side) for side in sides]
        plain = [rounding.plain(side) for side in sides]
        self.values = [_numbers(identity, k, side) for k, side in enumerate(plain)]
        try:
            # A number stands for an array of it: J·1 = 0.
            shapes = {side.shape for side in self.values if side.ndim}
            shape: tuple[int, ...]
            (shape,) = shapes or {()}
            self.values = [np.broadcast_to(side, shape) for side in self.values]
        except ValueError:
            seen = ", ".join(str(side.shape) for side in self.values)
            raise Violation(
                "wrong shape",
                said(
                    "{name}: its expressions have shapes {seen}; equal ones, or single numbers, "
                    "were expected",
                    "{name}：各表达式的形状是 {seen}；应彼此相同，或是单个数",
                    name=identity.name,
                    seen=seen,
                ),
            ) from None
        self._scatters = [np.zeros(shape) for _ in self.values]
        self._runs = 0
        #: Sides that were computed outside numpy, so that nothing is known of their rounding.
        self.unknown = [False] * self.count
        if wrap is None:
            for k, side in enumerate(self.values):
                if not np.all(np.isfinite(side)):
                    bad = side[~np.isfinite(side)][0]
                    raise SetAside(
                        "overflow",
                        said(
                            "{side} is {bad} there", "{side} 在那里是 {bad}",
                            side=expression(identity, k), bad=bad,
                        ),
                    )  # fmt: skip

    def agree(self) -> bool:
        """Whether all sides are equal up to a few units in the last place."""
        first = self.values[0]
        limit = AGREEMENT * np.abs(first)
        return all(bool((np.abs(side - first) <= limit).all()) for side in self.values[1:])

    def bound(self, k: int, case: Case, runs: int = _RUNS) -> Floats:
        """What the two sides of the ``=`` number ``k`` may differ by."""
        self._scatter(case, runs)
        size = np.maximum(np.abs(self.values[k]), np.abs(self.values[k + 1]))
        own: Floats = MARGIN * np.asarray(self.errors[k] + self.errors[k + 1])
        scatter = self._scatters[k] + self._scatters[k + 1]
        units = _MARGIN if self.unknown[k] or self.unknown[k + 1] else 1.0
        return own + _MARGIN * scatter + units * _UNIT * size

    def _scatter(self, case: Case, runs: int) -> None:
        """Jitter until ``runs`` runs were made; keeps the largest move of every entry."""
        while self._runs < runs:
            more = runs > _RUNS
            scatter = one_of_many(case.seed, self._runs, wide=more, literals=more, constants=True)
            run = self._jittered(scatter)
            if run is None and scatter.wide:
                scatter = one_of_many(case.seed, self._runs, literals=more, constants=True)
                run = self._jittered(scatter)
            self._runs += 1
            if run is None:
                # A side that cannot be jittered has no known rounding: nothing is accused of it.
                self._scatters = [np.full(s.shape, np.inf) for s in self._scatters]
                continue
            self.unknown = [
                # A literal that is made a number says nothing of what the inputs become.
                (self.unknown[k] if scatter.literals else scatter.escaped)
                or (
                    not run.carried[k]
                    and np.array_equal(run.values[k], side)
                    and not isinstance(self.errors[k], np.ndarray)
                    and not _whole(side)
                )
                for k, side in enumerate(self.values)
            ]
            for k, (moved, side) in enumerate(zip(run.values, self.values, strict=True)):
                off = scatter.share * np.abs(moved - side)
                # An overflow that only jitter causes says that the side is at its limit.
                off = np.where(np.isnan(off), np.inf, off)
                self._scatters[k] = np.maximum(self._scatters[k], off)

    def _jittered(self, scatter: Scatter) -> Sides | None:
        """The sides with every operation off by its last bit; None where that raises.

        None, too, where the sides of a wide run are not what they are with plain integers.
        """
        wrap = functools.partial(rounding.jittered, rng=scatter)
        try:
            with self._recording.replay():
                run = Sides(self.identity, self.inputs, wrap)
        except (SetAside, Violation):
            return None
        return run if not scatter.wide or self._resembles(run) else None

    def beside_underflow(self, case: Case, k: int) -> Floats:
        """``bound``, infinite where numbers that have underflowed may matter."""
        bound = self.bound(k, case)
        run = self._jittered(Scatter(case.seed, fills=True))
        if run is None or any(self.unknown[k : k + 2]) or not all(run.carried[k : k + 2]):
            return np.full(bound.shape, np.inf)
        off = [np.abs(run.values[side] - self.values[side]) for side in (k, k + 1)]
        return np.where(off[0] + off[1] <= bound, bound, np.inf)

    def _resembles(self, run: Sides) -> bool:
        """Whether a run may be of the same sides, off by rounding."""
        return run.count == self.count and all(
            moved.shape == side.shape
            and bool(np.all(np.abs(moved - side) <= _RESEMBLING * np.abs(side).max(initial=0.0)))
            for moved, side in zip(run.values, self.values, strict=True)
        )

    def broken(self, k: int, bound: Floats) -> Entry | None:
        """The entry by which the ``=`` number ``k`` is broken most, if it is."""
        left, right = self.values[k], self.values[k + 1]
        off = np.abs(left - right)
        outside = off > bound
        if not outside.any():
            return None
        excess = np.where(outside, off / np.where(bound > 0, bound, np.finfo(float).tiny), 0.0)
        index = tuple(int(i) for i in np.unravel_index(int(np.argmax(excess)), excess.shape))
        bound = np.broadcast_to(bound, left.shape)
        return Entry(
            expression(self.identity, k + 1),
            (),
            expression(self.identity, k),
            index,
            float(left[index]),
            float(right[index]),
            float(bound[index]),
        )

    def resolution(self, k: int, bound: Floats) -> float:
        """The relative error of a typical entry that would have been seen.

        Where all are less than rounding, that of those that no side says to be 0, and only where
        one does, as in J·1 = 0, the absolute one.
        """
        size = np.maximum(np.abs(self.values[k]), np.abs(self.values[k + 1]))
        bound = np.broadcast_to(bound, size.shape)
        seen = size > bound
        if not seen.any():
            said_zero = [
                (self.values[side] == 0) & (self._scatters[side] == 0) for side in (k, k + 1)
            ]
            seen = (size > 0) & ~said_zero[0] & ~said_zero[1]
        if seen.any():
            return float(np.median(bound[seen] / size[seen]))
        return float(np.max(bound, initial=0.0))


def _whole(side: Floats) -> bool:
    """Whether all entries are whole numbers, such as those of a matrix of zeros: exact."""
    return bool(np.all(side == np.round(side)))


def _numbers(identity: Identity, k: int, side: Any) -> Floats:
    try:
        array = np.asarray(side)
    except (ValueError, TypeError):
        array = np.asarray(None)
    if array.dtype.kind not in "fiub":
        raise Violation(
            "wrong answer",
            said(
                "{name}: its expression number {number}, {text}, is {kind}; real numbers were "
                "expected",
                "{name}：第 {number} 个表达式 {text} 是 {kind}；应为实数",
                name=identity.name,
                number=k + 1,
                text=expression(identity, k),
                kind=type(side).__name__ if array.dtype.kind == "O" else array.dtype,
            ),
        )
    return array.astype(np.float64)


def expression(identity: Identity, k: int) -> str:
    """The text of one expression of the chain, as far as the source is at hand."""
    texts = _expressions(identity.function)
    return texts[k] if k < len(texts) else f"expression {k + 1}"


def expressions(identity: Identity) -> Sequence[str]:
    """The texts of all expressions of the chain; empty where the source is not at hand."""
    return _expressions(identity.function)


@functools.lru_cache(maxsize=256)
def _expressions(function: Callable[..., Any]) -> Sequence[str]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, IndentationError):
        return ()
    returned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    if not returned or not isinstance(returned[-1], ast.Tuple):
        return ()
    return [ast.unparse(part) for part in returned[-1].elts]
