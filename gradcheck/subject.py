"""A derivation's function at concrete inputs: what it answers, made flat and held to its contract.

Whatever it returns — nothing, a complex or an object array — becomes a sentence about that function
and that input, and no exception of numpy's.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.answers import copy_of, same
from gradcheck.arguments import Argument
from gradcheck.claims import Derivation
from gradcheck.dims import Bindings
from gradcheck.hints import said
from gradcheck.oracle.captured import OutOfReach, through
from gradcheck.oracle.imaginary import Imagined, decisions_at, imaginary_slope
from gradcheck.oracle.layout import Layout, Vector
from gradcheck.oracle.makers import Makers
from gradcheck.oracle.own_numbers import with_numbers
from gradcheck.oracle.point import Point
from gradcheck.oracle.rounding import (
    is_analytic,
    is_jittered,
    plain,
    scatter,
)
from gradcheck.oracle.stepped import Stepped
from gradcheck.returned import (
    SetAside,
    Violation,
    all_finite,
    floating,
    raises,
    returns,
    same_bits,
)

Floats = NDArray[np.float64]


#: How often the rounding of a function is sampled: that of two operations cancels in half of the
#: runs.
_SCATTER_RUNS = 12


class Subject:
    """A derivation's function at concrete inputs, as a function of those in ``wrt``.

    Raises ``Violation`` where the function's answer cannot be used and ``SetAside`` where it is
    not finite or the function raises.
    """

    def __init__(
        self,
        derivation: Derivation,
        values: Mapping[str, Any],
        bindings: Bindings,
        wrt: Sequence[str],
        dtype: Any = np.float64,
    ) -> None:
        self.derivation = derivation
        self.wrt = tuple(wrt)
        self.inputs = Layout({name: values[name] for name in wrt})
        self.x: Vector = self.inputs.flatten(values, dtype)
        self.values = {**values, **self.inputs.restore(self.x)}
        #: Further names that rules may ask for, found from the inputs, and remarks for the report.
        self.extra_of: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
        self.notes: list[str] = []
        #: Claims of entries of rules that answer in another process, as a run of jitter moved them.
        self.asked: dict[Any, Any] = {}
        #: The function with makers of arrays that hold steps in the imaginary direction.
        self._made: tuple[Callable[..., Any], Makers] | None = None
        #: What a reader of a failure has to know, and nobody else.
        self.origin = ""
        #: Whether the function is called at the inputs before each call of a rule, which reads what
        #: that leaves.
        self.comes_first = False
        #: Some entries of a function that is itself made of differences: each call costs many.
        self._some: Callable[[Mapping[str, Any], NDArray[np.bool_]], Vector] | None = None
        # What the user's functions must not change is kept apart, to be compared with at the end:
        # of the inputs in ``wrt`` they get a copy.
        self._given = {name: values[name] for name in self.wrt}
        self._kept = {name: copy_of(values[name]) for name in values if name not in self.wrt}
        raw = self._call(self.values)
        self.answers = {name: copy_of(part) for name, part in self._as_outputs(raw).items()}
        self.outputs = Layout(self.answers)
        self.y: Vector = self.outputs.flatten(self.answers, np.float64)
        self.dtype = np.result_type(*(np.asarray(a).dtype for a in self.answers.values()))
        if not all_finite(self.y):
            raise SetAside("overflow", self._not_finite())
        self.require_unchanged(derivation.name)
        low, high = self._bounds(bindings)
        self.point = Point(
            self._flat,
            self.x,
            self.y,
            self.inputs,
            low=low,
            high=high,
            tangent=self._tangent(),
            scatter=self._scatter,
            imaginary=self._imaginary,
        )

    def moved_to(
        self, x: Vector, bindings: Bindings, others: Mapping[str, Any] | None = None
    ) -> Subject:
        """The same function at other inputs, and at ``others`` that are not differentiated."""
        values = {**self.values, **(others or {}), **self.inputs.restore(x)}
        moved = Subject(self.derivation, values, bindings, self.wrt, x.dtype)
        moved.extra_of, moved.comes_first = self.extra_of, self.comes_first
        if self._some is not None:
            # What is known of the differences inside it is as true right beside.
            moved.measure(self._some, self.point.error)
        return moved

    @property
    def is_measured(self) -> bool:
        """Whether the function is itself made of differences, so that each call costs many."""
        return self._some is not None

    def measure(
        self,
        some: Callable[[Mapping[str, Any], NDArray[np.bool_]], Vector],
        error: Floats | None,
    ) -> None:
        """Take ``some`` for what measures entries of the function, with an ``error`` of each."""
        self._some, self.point.error = some, error

        def at(x: Vector, asked: NDArray[np.bool_]) -> Vector:
            return some({**self.values, **self.inputs.restore(x)}, asked)

        self.point.some = at

    @functools.cached_property
    def extra(self) -> Mapping[str, Any]:
        """The further names at these inputs."""
        return {} if self.extra_of is None else self.extra_of(self.values)

    @property
    def names(self) -> dict[str, Any]:
        """What rules may ask for: inputs and outputs by name."""
        return {**self.values, **self.answers, **self.extra}

    def jittered(self, wrap: Callable[[Any], Any]) -> dict[str, Any]:
        """What rules may ask for, through ``wrap``: outputs are rounded results, inputs are not."""
        values = {name: wrap(value) for name, value in self.values.items()}
        raw = self._call(values, self._with_numbers(wrap))
        names = self.derivation.options.output
        parts = list(raw) if len(names) > 1 else [raw]
        extra = {name: wrap(value) for name, value in self.extra.items()}
        return {**values, **dict(zip(names, parts, strict=True)), **extra}

    @functools.cached_property
    def is_analytic(self) -> bool:
        """Whether the function is said to be smooth, or seen to be made of smooth operations."""
        if self.derivation.options.smooth:
            return True

        def compute(wrap: Callable[[Any], Any]) -> Any:
            self.point.evaluations += 1
            return self.derivation.function(
                **{**self.values, **self.inputs.restore(wrap(self.x.copy()))}
            )

        try:
            return is_analytic(compute)
        except Exception:
            return False
        finally:
            if self.derivation.options.mutates:
                self.restore_inputs()

    def cotangent(self, u: Vector) -> list[Any]:
        """A flat cotangent as the arrays that a rule gets, one for each output."""
        return list(self.outputs.restore(u.astype(self.dtype, copy=False)).values())

    def tangent(self, v: Vector) -> list[Any]:
        """A flat tangent as the arrays that a rule gets, one for each input in ``wrt``."""
        return list(self.inputs.restore(v.astype(self.x.dtype, copy=False)).values())

    def require_unchanged(self, who: str) -> None:
        """Raise a ``Violation`` where an input or an output no longer has the value it had."""
        exempt = self.derivation.options.mutates
        changed = [n for n, kept in self._kept.items() if not same(kept, self.values[n])]
        if not self._holds(self.inputs, self._given, self.x):
            before = self.inputs.restore(self._given_x())
            changed += [name for name in self.wrt if not same(before[name], self.values[name])]
        for name in changed:
            if name not in exempt:
                raise Violation(
                    "input changed",
                    said(
                        "{who} changes its input {name!r} in place; work on a copy "
                        '({name} = {name}.copy()), or declare it: options(mutates="{name}")',
                        "{who} 就地修改了输入 {name!r}；请在副本上操作（{name} = {name}.copy()），"
                        '或声明：options(mutates="{name}")',
                        who=who,
                        name=name,
                    ),
                )
        if not self._holds(self.outputs, self.answers, self.y):
            kept = self.outputs.restore(self.y)
            name = next(n for n, y in self.answers.items() if not np.array_equal(y, kept[n]))
            raise Violation(
                "output changed",
                said(
                    "{who} changes the output {name!r} in place; work on a copy "
                    "({name} = {name}.copy())",
                    "{who} 就地修改了输出 {name!r}；请在副本上操作（{name} = {name}.copy()）",
                    who=who,
                    name=name,
                ),
            )

    @staticmethod
    def _holds(layout: Layout, values: Mapping[str, Any], flat: Vector) -> bool:
        """Whether ``flat`` holds the values, bit for bit."""
        return all(
            same_bits(np.asarray(part, flat.dtype).reshape(-1), flat[leaf.slice])
            for leaf, part in layout.parts(values)
        )

    def _given_x(self) -> Vector:
        """The inputs as they were given, flat."""
        return self.inputs.flatten(self._given, self.x.dtype)

    def restore_inputs(self) -> None:
        """Put back what a function that may change its inputs has changed."""
        self.x[...] = self._given_x()
        for name in self.derivation.options.mutates:
            if name in self._kept:
                self.values[name] = copy_of(self._kept[name])

    def _call(self, values: Mapping[str, Any], instead: Callable[..., Any] | None = None) -> Any:
        try:
            raw = (instead or self.derivation.function)(**values)
        except Exception as error:
            raise SetAside("raised", raises(self.derivation.name, error)) from error
        if self.derivation.options.mutates:
            self.restore_inputs()
        return raw

    def _as_outputs(self, raw: Any) -> dict[str, Any]:
        names = self.derivation.options.output
        where = self.derivation.name
        if isinstance(raw, list) and len(names) == 1 and all(np.ndim(part) == 0 for part in raw):
            raise Violation(
                "wrong output",
                said(
                    "{where} returns a list of numbers; return an array: np.array([…])",
                    "{where} 返回了由数组成的列表；请返回数组：np.array([…])",
                    where=where,
                ),
            )
        if isinstance(raw, tuple | list) and len(raw) < 2 and len(names) < 2:
            raise Violation(
                "wrong output",
                said(
                    "{where} returns a {kind} of {count}; return the array itself",
                    "{where} 返回了长度为 {count} 的 {kind}；请直接返回数组",
                    where=where,
                    kind=type(raw).__name__,
                    count=len(raw),
                ),
            )
        if isinstance(raw, tuple | list) and len(names) == 1:
            raise Violation(
                "wrong output",
                said(
                    '{where} returns {count} values; name them: options(output="{names}")',
                    '{where} 返回了 {count} 个值；请为它们命名：options(output="{names}")',
                    where=where,
                    count=len(raw),
                    names=" ".join(f"y{k}" for k in range(len(raw))),
                ),
            )
        parts = list(raw) if isinstance(raw, tuple | list) else [raw]
        if len(parts) != len(names):
            raise Violation(
                "wrong output",
                said(
                    "{where} returns {count} value{s}, but options names {number} outputs: {names}",
                    "{where} 返回了 {count} 个值，而 options 里命名了 {number} 个输出：{names}",
                    where=where,
                    count=len(parts),
                    s="s" * (len(parts) != 1),
                    number=len(names),
                    names=", ".join(names),
                ),
            )
        try:
            return {
                name: floating(lambda: returns(where), part)
                for name, part in zip(names, parts, strict=True)
            }
        except Violation as violation:
            if violation.title == "complex":  # which is no mistake, of neither
                raise SetAside("complex", violation.message) from None
            raise

    def _flat(self, x: Vector) -> Vector:
        raw = self.derivation.function(**{**self.values, **self.inputs.restore(x)})
        if self.derivation.options.mutates:
            self.restore_inputs()
        if len(self.answers) == 1:
            if type(raw) is np.ndarray and raw.dtype == np.float64:
                # A copy: the next call may be answered in the same array.
                return raw.flatten()
            if type(raw) is np.float64:
                return np.array([raw])
        answers = self._as_outputs(raw)
        if len(answers) == 1:
            (answer,) = answers.values()
            return np.array(answer, dtype=np.float64).reshape(-1)
        return self.outputs.flatten(answers, np.float64)

    def _scatter(self) -> Vector | None:
        """How far jitter inside the function moves its outputs; None where it does not get in."""
        carried: list[bool] = []
        wraps: list[Any] = []

        def compute(wrap: Callable[[Any], Any]) -> Vector:
            wraps.append(wrap)
            found, jitters = self.rounded(self.x, wrap)
            carried.append(jitters)
            return found

        try:
            found = scatter(compute, self.y, 0, _SCATTER_RUNS)
        except Exception:
            return None
        # Entries that were put into a new array are plain again, but moved; of others that are not
        # moved nothing is known.
        escaped = any(wrap.keywords["rng"].escaped for wrap in wraps)
        return found if (all(carried) or found.all()) and not escaped else None

    def _with_numbers(self, wrap: Callable[[Any], Any]) -> Callable[..., Any]:
        """The function, with what it uses of its own through ``wrap`` as well."""
        function = self.derivation.function
        # Of one that is made of differences the error is known, and not that of their steps.
        return function if self.is_measured else with_numbers(function, wrap)

    def rounded(self, x: Vector, wrap: Callable[[Any], Any]) -> tuple[Vector, bool]:
        """The function at ``x`` through ``wrap``, and whether all of its outputs are jittered.

        Any exception of the function's comes through.
        """
        self.point.evaluations += 1
        # What is computed from the other inputs is rounded as well.
        values = {name: wrap(value) for name, value in self.values.items()}
        try:
            raw = self._with_numbers(wrap)(**{**values, **self.inputs.restore(wrap(x))})
        finally:
            if self.derivation.options.mutates:
                self.restore_inputs()
        parts = raw if isinstance(raw, tuple | list) else [raw]
        found = self.outputs.flatten(self._as_outputs(plain(raw)), np.float64)
        return found, all(map(is_jittered, parts))

    def _imaginary(self, v: Vector, *, its_own: bool = False, **how: Any) -> Imagined | None:
        """The slopes along ``v`` by an imaginary step, where that can be had.

        ``its_own``: with the rounding of what the function computes from numbers of its own.
        """
        compute = self._stepping(its_own=its_own)
        return compute and imaginary_slope(compute, self.x, v, self.y, **how)

    def decisions_at(self, x: Vector) -> tuple[int, ...] | None:
        """What comparisons inside the function come to at another point, see ``Imagined``."""
        compute = self._stepping()
        return None if compute is None else decisions_at(compute, x, self.y.size)

    def _stepping(self, *, its_own: bool = False) -> Callable[[Any], list[Any]] | None:
        """The function of numbers that step in the imaginary direction, where it can be asked."""
        if self.x.dtype != np.float64 or self.dtype != np.float64 or self.is_measured:
            return None
        if self.point.tangent is not None:
            # No direction that is made of numbers keeps to the domain as closely as this measures.
            return None

        def compute(numbers: Any) -> list[Any]:
            self.point.evaluations += 1
            # What is computed from the other inputs is rounded as well.
            values = {name: numbers.beside(self.values[name]) for name in self._kept}
            wrap = (lambda value: numbers.beside(np.asarray(value))) if its_own else None
            function = self._made_anew(wrap, numbers)
            try:
                raw = function(**{**values, **self.inputs.restore(numbers)})
            finally:
                if self.derivation.options.mutates:
                    self.restore_inputs()
            return list(raw) if isinstance(raw, tuple | list) else [raw]

        return compute

    def _made_anew(self, wrap: Callable[[Any], Any] | None, numbers: Stepped) -> Callable[..., Any]:
        """The function with its numbers through ``wrap``, whose arrays hold such ``numbers``."""
        function = self.derivation.function
        if wrap is not None:
            return through(function, wrap, makers=numbers.makers())
        if self._made is None:
            makers = numbers.makers()
            with contextlib.suppress(OutOfReach):
                function = through(function, None, makers=makers)
            self._made = function, makers
        function, makers = self._made
        makers.wrap = numbers.beside
        return function

    def _not_finite(self) -> str:
        leaf, index = self.outputs.locate(int(np.flatnonzero(~np.isfinite(self.y))[0]))
        value = self.y[self.outputs.position(leaf, index)]
        return said(
            "{name} is {value} there, at index {index} of its output",
            "{name} 在那里是 {value}（输出的下标 {index} 处）",
            name=self.derivation.name,
            value=value,
            index=index,
        )

    def _bounds(self, bindings: Bindings) -> tuple[Vector | None, Vector | None]:
        low: Vector | None = None
        high: Vector | None = None
        for leaf in self.inputs.leaves:
            argument = self.derivation.arguments[leaf.name]
            below, above = argument.bounds(self.values[leaf.name], bindings, self.values)
            if below is not None:
                low = np.full(self.x.size, -np.inf) if low is None else low
                low[leaf.slice] = np.broadcast_to(below, leaf.shape).reshape(-1)
            if above is not None:
                high = np.full(self.x.size, np.inf) if high is None else high
                high[leaf.slice] = np.broadcast_to(above, leaf.shape).reshape(-1)
        return low, high

    def _tangent(self) -> Callable[[Vector], Vector] | None:
        constrained = {
            name: argument.tangent
            for name, argument in self.derivation.arguments.items()
            if name in self.wrt and type(argument).tangent is not Argument.tangent
        }
        if not constrained:
            return None

        at = self.inputs.restore(self.x)

        def project(v: Vector) -> Vector:
            parts = self.inputs.restore(v.copy())
            return self.inputs.flatten(
                {n: constrained[n](p, at[n]) if n in constrained else p for n, p in parts.items()}
            )

        return project
