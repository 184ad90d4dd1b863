"""A claim at a point: what the user's functions answer, made flat and held to their contract.

Everything that calls a user's function with inputs of a case is here, so that what it returns —
nothing, the wrong shape, the wrong number of arrays, a complex or an object array — becomes a
sentence about that function and that input, and no exception of numpy's.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gradcheck.answers import copy_of, last_line, same
from gradcheck.arguments import Argument
from gradcheck.case import Case
from gradcheck.claims import Derivation, Rule
from gradcheck.dims import Bindings
from gradcheck.hints import Said, said
from gradcheck.oracle.imaginary import Imagined, UnknownOperation, imaginary_slope
from gradcheck.oracle.layout import Layout, Leaf, Vector
from gradcheck.oracle.point import Point
from gradcheck.oracle.rounding import is_analytic, is_jittered, plain, scatter

Floats = NDArray[np.float64]

#: At most so many columns, rows and single entries of a claim are asked for in one case: they
#: cost a call each. They are drawn, so that the cases together see all of them.
MOST_COLUMNS = 8
MOST_ROWS = 16
MOST_ENTRIES = 256
#: Up to so many entries, comparing two arrays as bytes is faster than by numpy.
_SMALL = 4096
#: How often the rounding of a function is sampled: that of two operations cancels in half of the
#: runs.
_SCATTER_RUNS = 12
#: Types that hold fewer digits than float64.
_NARROW = (np.dtype(np.float32), np.dtype(np.float16))


class Remote(Protocol):
    """A rule's function that answers in another process, where every message costs time."""

    def expect(self, size: int) -> None:
        """The next answer has so many numbers, if it is right."""

    def announce(self, calls: Sequence[Arguments], size: int) -> None:
        """These calls are about to be made; each answer has so many numbers, if it is right."""


#: What a function is called with, by position and by name.
Arguments = tuple[list[Any], dict[str, Any]]


class Violation(Exception):
    """A contract is broken: what no number can make good. Becomes a failing verdict."""

    def __init__(self, title: str, message: str) -> None:
        super().__init__(message)
        self.title, self.message = title, message


class SetAside(Exception):
    """The function has no finite value at this input: the case says nothing about the claim."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause, self.message = cause, message


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
        #: What a reader of a failure has to know, and nobody else.
        self.origin = ""
        #: Whether the function is called at the inputs before each call of a rule, which reads what
        #: that leaves.
        self.comes_first = False
        #: Whether the function itself is made of differences, so that each call costs many.
        self.is_measured = False
        #: A second opinion on the derivative of one output by one input, with its error bound.
        self.second_opinion: Callable[[int, int], tuple[float, float]] | None = None
        # What the user's functions must not change is kept apart, to be compared with at the end.
        self._kept_x = self.x.copy()
        self._kept = {name: copy_of(values[name]) for name in values if name not in self.wrt}
        raw = self._call(self.values)
        self.answers = self._as_outputs(raw)
        self.outputs = Layout(self.answers)
        self.y: Vector = self.outputs.flatten(self.answers, np.float64)
        self.dtype = np.result_type(*(np.asarray(a).dtype for a in self.answers.values()))
        if not all_finite(self.y):
            raise SetAside("overflow", self._not_finite())
        self.require_unchanged(f"{derivation.name} changes its input")
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

    def moved_to(self, x: Vector, bindings: Bindings) -> Subject:
        """The same function at other inputs."""
        moved = Subject(
            self.derivation, {**self.values, **self.inputs.restore(x)}, bindings, self.wrt, x.dtype
        )
        moved.extra_of, moved.comes_first = self.extra_of, self.comes_first
        if self.is_measured:
            # What is known of the differences inside it is as true right beside.
            moved.is_measured, moved.second_opinion = True, self.second_opinion
            moved.point.scatter = self.point.scatter
        return moved

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
        raw = self._call(values)
        names = self.derivation.options.output
        parts = list(raw) if len(names) > 1 else [raw]
        extra = {name: wrap(value) for name, value in self.extra.items()}
        return {**values, **dict(zip(names, parts, strict=True)), **extra}

    @functools.cached_property
    def is_analytic(self) -> bool:
        """Whether the function is seen to be made of smooth operations alone."""

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

    def require_unchanged(self, what: str) -> None:
        """Raise a ``Violation`` where an input no longer has the value it had."""
        exempt = self.derivation.options.mutates
        changed = [n for n, kept in self._kept.items() if not same(kept, self.values[n])]
        if not same_bits(self._kept_x, self.x):
            before = self.inputs.restore(self._kept_x)
            changed += [name for name in self.wrt if not same(before[name], self.values[name])]
        for name in changed:
            if name not in exempt:
                raise Violation(
                    "input changed",
                    said(
                        "{what} {name!r} in place; work on a copy ({name} = {name}.copy()), or "
                        'declare it: options(mutates="{name}")',
                        "{what} {name!r}（就地修改）；请在副本上操作（{name} = {name}.copy()），"
                        '或声明：options(mutates="{name}")',
                        what=what,
                        name=name,
                    ),
                )

    def restore_inputs(self) -> None:
        """Put back what a function that may change its inputs has changed."""
        self.x[...] = self._kept_x
        for name in self.derivation.options.mutates:
            if name in self._kept:
                self.values[name] = copy_of(self._kept[name])

    def _call(self, values: Mapping[str, Any]) -> Any:
        try:
            raw = self.derivation.function(**values)
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
        return {
            name: _floating(lambda: _returns(where), part)
            for name, part in zip(names, parts, strict=True)
        }

    def _flat(self, x: Vector) -> Vector:
        raw = self.derivation.function(**{**self.values, **self.inputs.restore(x)})
        if self.derivation.options.mutates:
            self.restore_inputs()
        if type(raw) is np.ndarray and raw.dtype == np.float64 and len(self.answers) == 1:
            return raw.reshape(-1)
        answers = self._as_outputs(raw)
        if len(answers) == 1:
            (answer,) = answers.values()
            return np.asarray(answer, dtype=np.float64).reshape(-1)
        return self.outputs.flatten(answers, np.float64)

    def _scatter(self) -> Vector | None:
        """How far jitter inside the function moves its outputs; None where it does not get in."""
        carried: list[bool] = []
        wraps: list[Any] = []

        def compute(wrap: Callable[[Any], Any]) -> Vector:
            self.point.evaluations += 1
            wraps.append(wrap)
            raw = self.derivation.function(**{**self.values, **self.inputs.restore(wrap(self.x))})
            parts = raw if isinstance(raw, tuple | list) else [raw]
            carried.extend(is_jittered(part) for part in parts)
            return self.outputs.flatten(self._as_outputs(plain(raw)), np.float64)

        try:
            found = scatter(compute, self.y, 0, _SCATTER_RUNS)
        except Exception:
            return None
        finally:
            if self.derivation.options.mutates:
                self.restore_inputs()
        # Entries that were put into a new array are plain again, but moved; of others that are not
        # moved nothing is known.
        escaped = any(wrap.keywords["rng"].escaped for wrap in wraps)
        return found if (all(carried) or found.all()) and not escaped else None

    def _imaginary(self, v: Vector, **how: bool) -> Imagined | None:
        """The slopes along ``v`` by an imaginary step, where that can be had."""
        if self.x.dtype != np.float64 or self.dtype != np.float64 or self.is_measured:
            return None
        if self.point.tangent is not None:
            # No direction that is made of numbers keeps to the domain as closely as this measures.
            return None

        def compute(numbers: Any) -> list[Any]:
            self.point.evaluations += 1
            # What is computed from the other inputs is rounded as well.
            values = {name: numbers.beside(value) for name, value in self.values.items()}
            raw = self.derivation.function(**{**values, **self.inputs.restore(numbers)})
            if self.derivation.options.mutates:
                self.restore_inputs()
            return list(raw) if isinstance(raw, tuple | list) else [raw]

        return imaginary_slope(compute, self.x, v, self.y, **how)

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

        def project(v: Vector) -> Vector:
            parts = self.inputs.restore(v.copy())
            return self.inputs.flatten(
                {n: constrained[n](p) if n in constrained else p for n, p in parts.items()}
            )

        return project


@dataclass
class Entries:
    """Some claimed entries of the Jacobian.

    ``values[r, c]`` is that of output ``rows[r]`` and input ``columns[c]``, where ``mask`` holds.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    values: Floats
    mask: NDArray[np.bool_] | None = None
    uncovered: int = 0


@dataclass
class Claim:
    """A rule at a subject, flat: exactly one of the three is there.

    ``pull(u)`` is the claimed Jᵀu of shape ``(n,)``, ``push(v)`` the claimed Jv of shape ``(m,)``,
    ``entries`` some entries of the claimed J itself.
    """

    subject: Subject
    name: str
    pull: Callable[[Vector], Floats] | None = None
    push: Callable[[Vector], Floats] | None = None
    entries: Entries | None = None
    notes: list[str] = field(default_factory=list)
    calls: int = 0
    #: Of a rule that is given wrapped arrays: whether all of its answers came out wrapped.
    carried: bool = True
    #: Half the spacing at 1 of the narrowest type in which it has answered, and the least number
    #: that keeps its digits there; 0 where that is float64.
    epsilon: float = 0.0
    least: float = 0.0
    #: Of a rule that answers in another process: it, the calls that ``pull`` makes of some
    #: cotangents, and how many numbers an answer has.
    remote: Remote | None = None
    calls_of: Callable[[Sequence[Vector]], list[Arguments]] = lambda us: []
    size: int = 0

    @property
    def is_partial(self) -> bool:
        """Whether some of its entries are left out."""
        entries = self.entries
        return entries is not None and entries.mask is not None and not entries.mask.all()


def claim_at(
    rule: Rule,
    subject: Subject,
    case: Case,
    wrap: Callable[[Any], Any] | None = None,
) -> Claim:
    """The claim of ``rule`` at ``subject``; explicit entries are asked for at once.

    With ``wrap``, the rule is given its arrays through it, as the measurement of its rounding
    needs. Which entries are asked for is drawn from ``case``.

    Raises ``Violation`` where an answer cannot be used.
    """
    claim = Claim(subject, rule.name)
    names = subject.names
    if wrap is not None:
        names = subject.jittered(wrap)
    function: Any = rule.function
    remote: Remote | None = function if wrap is None and hasattr(function, "announce") else None
    claim.remote, claim.size = remote, _numbers_of(rule, subject)

    def announce(calls: Sequence[Mapping[str, Any]]) -> None:
        if remote is not None and calls:
            assert rule.signature is not None
            arguments = rule.signature.arguments
            remote.announce([arguments((), {**names, **at}) for at in calls], claim.size)

    def ask(leading: Sequence[Any], **indices: Any) -> Any:
        claim.calls += 1
        try:
            if wrap is not None:
                leading = [wrap(part) for part in leading]
            if remote is not None:
                remote.expect(claim.size)
            if subject.comes_first:
                subject.point.evaluations += 1
                subject._call({name: names[name] for name in subject.values})
            raw = rule.call(leading, {**names, **indices} if indices else names)
        except Violation:
            raise
        except UnknownOperation:
            raise _stale(said("{name} is", "{name} 是", name=rule.name)) from None
        except Exception as error:
            raise Violation("raises", raises(rule.name, error)) from error
        claim.notes += [note for note in rule.notes if note not in claim.notes]
        if subject.derivation.options.mutates:
            subject.restore_inputs()
        parts = raw if isinstance(raw, tuple | list) else (raw,)
        if wrap is not None:
            claim.carried &= all(is_jittered(part) for part in parts if part is not None)
            return plain(raw)
        for part in parts:
            kind = getattr(part, "dtype", None)
            if kind in _NARROW:
                claim.epsilon = max(claim.epsilon, float(np.finfo(kind).eps) / 2)
                claim.least = max(claim.least, float(np.finfo(kind).tiny))
        return raw

    def flat(raw: Any) -> Floats:
        return _finite(
            as_gradients(rule.name, raw, rule, subject.inputs, claim.notes), rule.name, _GRADIENT
        )

    match rule.kind:
        case "vjp":

            def pull(u: Vector) -> Floats:
                given = u.astype(subject.dtype)
                kept = given.copy()
                raw = ask(list(subject.outputs.restore(given).values()))
                if not same_bits(given, kept):
                    raise _changed(rule, "cotangent")
                return flat(raw)

            claim.pull = pull
            if remote is not None and rule.signature is not None:
                arguments = rule.signature.arguments
                claim.calls_of = lambda us: [arguments(subject.cotangent(u), names) for u in us]
        case "jvp":

            def push(v: Vector) -> Floats:
                given = v.astype(subject.x.dtype)
                kept = given.copy()
                raw = ask(subject.tangent(given))
                if not same_bits(given, kept):
                    raise _changed(rule, "tangent")
                return _finite(
                    _shaped(rule.name, raw, subject.outputs, claim.notes), rule.name, _TANGENT
                )

            claim.push = push
        case "gradient":
            if subject.y.size != 1:
                shape = np.shape(next(iter(subject.answers.values())))
                raise Violation(
                    "wrong kind",
                    said(
                        "gradient needs a scalar output, but {name} returns shape {shape}; declare "
                        "the rule with jacobian or vjp",
                        "gradient 要求输出是标量，而 {name} 返回的形状是 {shape}；"
                        "请用 jacobian 或 vjp 声明这条规则",
                        name=subject.derivation.name,
                        shape=shape,
                    ),
                )
            values = flat(ask(()))[None, :]
            claim.entries = Entries(np.arange(1), np.arange(subject.x.size), values)
        case "jacobian" | "hessian":
            claim.entries = _jacobian(rule, subject, ask(()))
        case "column" | "row" | "partial":
            claim.entries = _drawn(rule, subject, ask, announce, case.rng("entries"))
    return claim


def announce(coming: Sequence[tuple[Claim, Sequence[Vector]]]) -> None:
    """Tell which cotangents are about to be pulled back, so that they travel in one message.

    All claims are of one rule; nothing happens where it answers in this process.
    """
    calls = [call for claim, us in coming for call in claim.calls_of(us)]
    remote = coming[0][0].remote if coming else None
    if remote is not None and calls:
        remote.announce(calls, max(claim.size for claim, _ in coming))


def _numbers_of(rule: Rule, subject: Subject) -> int:
    """How many numbers one answer of a rule has."""
    match rule.kind:
        case "vjp" | "gradient" | "row":
            return int(sum(np.size(value) for value in subject.values.values()))
        case "jvp" | "column":
            return subject.y.size
        case "jacobian" | "hessian":
            return subject.y.size * subject.x.size
        case "partial":
            return 1


def _changed(rule: Rule, what: str) -> Violation:
    assert rule.signature is not None
    return Violation(
        f"{what} changed",
        said(
            "{rule} changes its {what} {name!r} in place, which spoils it for everything else that "
            "uses it; work on a copy",
            "{rule} 就地修改了{zh} {name!r}，其他使用它的地方都会受影响；请在副本上操作",
            rule=rule.name,
            what=what,
            name=rule.signature.leading[0],
            zh="上游梯度" if what == "cotangent" else "切向量",
        ),
    )


def as_gradients(name: str, raw: Any, rule: Rule, layout: Layout, notes: list[str]) -> Floats:
    """A rule's gradients in one flat vector; shape and count are checked."""
    parts = gradients_by_name(name, raw, rule)
    flat = np.empty(layout.size)
    for leaf in layout.leaves:
        part = parts[leaf.name]
        if leaf.part is not None:
            if not isinstance(part, list | tuple) or len(part) <= leaf.part:
                raise Violation(
                    "wrong count",
                    said(
                        "{name}: {leaf} is a list of arrays, so its gradient is a list of as many; "
                        "got {what}",
                        "{name}：{leaf} 是数组的列表，其梯度应是同样长的列表；得到的是 {what}",
                        name=name,
                        leaf=leaf.name,
                        what=_what(part),
                    ),
                )
            part = part[leaf.part]
        what = functools.partial(
            said, "{name}: the gradient for {leaf}", "{name}：{leaf} 的梯度",
            name=name, leaf=leaf.label,
        )  # fmt: skip
        flat[leaf.slice] = _fit(what, part, leaf, notes)
    return flat


def gradients_by_name(name: str, raw: Any, rule: Rule) -> dict[str, Any]:
    """A rule's gradients, each by the name of its input; their count is checked."""
    wrt = rule.wrt
    if len(wrt) == 1 and not isinstance(raw, tuple):
        return {wrt[0]: raw}
    if not isinstance(raw, tuple | list):
        raise Violation(
            "wrong count",
            said(
                "{name} returns {what}; {expected} was expected",
                "{name} 返回了 {what}；应为 {expected}",
                name=name, what=_what(raw), expected=_expected(wrt),
            ),
        )  # fmt: skip
    if len(raw) == len(wrt):
        return dict(zip(wrt, raw, strict=True))
    every = list(rule.derivation.arguments)
    if rule.joint and len(raw) == len(every):
        return {n: part for n, part in zip(every, raw, strict=True) if n in wrt}
    raise Violation(
        "wrong count",
        said(
            "{name} returns {count} gradient{s}; {expected} was expected{others}",
            "{name} 返回了 {count} 个梯度；应为 {expected}{others}",
            name=name,
            count=len(raw),
            s="s" * (len(raw) != 1),
            expected=_expected(wrt),
            others=said(
                ", or one for each of {names}", "，或 {names} 各一个", names=", ".join(every)
            )
            if rule.joint and every != list(wrt)
            else "",
        ),
    )


def _expected(wrt: Sequence[str]) -> Said:
    if len(wrt) > 1:
        return said("one for each of {names}", "{names} 各一个", names=", ".join(wrt))
    return said("the gradient for {name}", "{name} 的梯度", name=wrt[0])


def _shaped(name: str, raw: Any, layout: Layout, notes: list[str]) -> Floats:
    parts = list(raw) if isinstance(raw, tuple | list) else [raw]
    if len(parts) != len(layout.leaves):
        raise Violation(
            "wrong count",
            said(
                "{name} returns {count} values; one for each output ({names}) was expected",
                "{name} 返回了 {count} 个值；应为每个输出各一个（{names}）",
                name=name,
                count=len(parts),
                names=", ".join(layout.names),
            ),
        )
    flat = np.empty(layout.size)
    for leaf, part in zip(layout.leaves, parts, strict=True):
        what = functools.partial(
            said, "{name}: the answer for {leaf}", "{name}：对 {leaf} 的回答",
            name=name, leaf=leaf.label,
        )  # fmt: skip
        flat[leaf.slice] = _fit(what, part, leaf, notes)
    return flat


def _fit(saying: Callable[[], Said], part: Any, leaf: Leaf, notes: list[str]) -> Floats:
    if type(part) is np.ndarray and part.dtype == np.float64 and part.shape == leaf.shape:
        return part.reshape(-1)
    told = functools.partial(said, "{what} is", "{what}是")
    array = np.asarray(_floating(lambda: told(what=saying()), part, integers=True))
    if array.shape != leaf.shape:
        what = saying()
        if _stripped(array.shape) != _stripped(leaf.shape):
            hint = ""
            if array.shape == leaf.shape[::-1]:
                hint = said("; it looks like the transpose", "；看起来像是转置")
            elif array.size > math.prod(leaf.shape):
                hint = said("; is a sum over an axis missing?", "；是否漏了沿某个轴的求和？")
            raise Violation(
                "wrong shape",
                said(
                    "{what} has shape {shape}; {leaf} has shape {right}{hint}",
                    "{what}：形状为 {shape}；{leaf} 的形状是 {right}{hint}",
                    what=what,
                    shape=array.shape,
                    leaf=leaf.name,
                    right=leaf.shape,
                    hint=hint,
                ),
            )
        note = said(
            "{what} has shape {shape} where {leaf} has {right}",
            "{what}的形状是 {shape}，而 {leaf} 的形状是 {right}",
            what=what, shape=array.shape, leaf=leaf.name, right=leaf.shape,
        )  # fmt: skip
        if note not in notes:
            notes.append(note)
    return np.asarray(array, dtype=np.float64).reshape(-1)


def _stripped(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(itertools.dropwhile(lambda size: size == 1, shape))


def _jacobian(rule: Rule, subject: Subject, raw: Any) -> Entries:
    (leaf,) = _single(rule, subject.inputs)
    (output,) = _single(rule, subject.outputs)
    array = np.asarray(_floating(lambda: _returns(rule.name), raw, integers=True))
    shape = output.shape + leaf.shape
    if array.shape != shape:
        hint = (
            said(
                "; it looks like the transpose: J[j, i] = ∂y_j/∂x_i",
                "；看起来像是转置：J[j, i] = ∂y_j/∂x_i",
            )
            if array.shape == leaf.shape + output.shape
            else ""
        )
        raise Violation(
            "wrong shape",
            said(
                "{name} returns shape {found}; the Jacobian has the shape of the output and then "
                "that of {leaf}: {shape}{hint}",
                "{name} 返回的形状是 {found}；雅可比矩阵的形状是输出的形状后接 {leaf} 的形状："
                "{shape}{hint}",
                name=rule.name,
                found=array.shape,
                leaf=leaf.name,
                shape=shape,
                hint=hint,
            ),
        )
    values = array.astype(np.float64).reshape(subject.y.size, subject.x.size)
    _finite(values.reshape(-1), rule.name, _JACOBIAN)
    return Entries(np.arange(subject.y.size), np.arange(subject.x.size), values)


def _drawn(
    rule: Rule,
    subject: Subject,
    ask: Callable[..., Any],
    announce: Callable[[Sequence[Mapping[str, Any]]], None],
    rng: np.random.Generator,
) -> Entries:
    """Columns, rows or single entries: all of them where there are few, else some, drawn."""
    (leaf,) = _single(rule, subject.inputs)
    (output,) = _single(rule, subject.outputs)
    n, m = subject.x.size, subject.y.size
    notes: list[str] = []
    if rule.kind == "row":
        rows, columns = _some(rng, m, MOST_ROWS), np.arange(n)
        announce([{"j": j} for j in _indices(output, rows)])
        parts = [
            _fit(functools.partial(_row, rule.name, j), ask((), j=j), leaf, notes)
            for j in _indices(output, rows)
        ]
        values = np.array(parts).reshape(rows.size, n)
        return Entries(rows, columns, _finite(values, rule.name, _ROW))
    columns = _some(rng, n, MOST_COLUMNS)
    if rule.kind == "column":
        rows = np.arange(m)
        announce([{"i": i} for i in _indices(leaf, columns)])
        parts = [
            _fit(functools.partial(_column, rule.name, i), ask((), i=i), output, notes)
            for i in _indices(leaf, columns)
        ]
        values = np.array(parts).reshape(columns.size, m).T
        return Entries(rows, columns, _finite(values, rule.name, _COLUMN))
    rows = _some(rng, m, max(1, MOST_ENTRIES // max(1, columns.size)))
    values = np.zeros((rows.size, columns.size))
    mask = np.zeros(values.shape, bool)
    uncovered = 0
    siblings = [
        other
        for other in subject.derivation.rules
        if other.kind == "partial" and other.wrt == rule.wrt and other.problem is None
    ]
    saying = []
    for c, i in enumerate(_indices(leaf, columns)):
        for r, j in enumerate(_indices(output, rows)):
            names = {**subject.names, "i": i, "j": j}
            if _says(rule, names):
                saying.append((r, c, i, j))
            elif not any(_says(other, names) for other in siblings):
                uncovered += 1
    announce([{"i": i, "j": j} for _, _, i, j in saying])
    for r, c, i, j in saying:
        mask[r, c] = True
        value = np.asarray(_floating(lambda: _returns(rule.name), ask((), i=i, j=j), True))
        if value.size != 1:
            raise Violation(
                "wrong shape",
                said(
                    "{name} returns shape {shape} for i = {i}, j = {j}; a single entry is a number",
                    "{name} 在 i = {i}, j = {j} 时返回的形状是 {shape}；单个元素应是一个数",
                    name=rule.name,
                    shape=value.shape,
                    i=i,
                    j=j,
                ),
            )
        values[r, c] = value.reshape(())
    _finite(values.reshape(-1), rule.name, _ENTRY)
    return Entries(rows, columns, values, mask, uncovered)


def _says(rule: Rule, names: Mapping[str, Any]) -> bool:
    if rule.where is None:
        return True
    try:
        return bool(rule.where.call((), names))
    except Exception as error:
        raise Violation("raises", raises(f"{rule.name}: where=", error)) from error


def _some(rng: np.random.Generator, size: int, most: int) -> NDArray[np.intp]:
    if size <= most:
        return np.arange(size)
    return np.sort(rng.choice(size, most, replace=False))


def _indices(leaf: Leaf, positions: NDArray[np.intp]) -> Iterator[Any]:
    for position in positions:
        if len(leaf.shape) == 1:
            yield int(position)
        else:
            yield tuple(int(k) for k in np.unravel_index(position, leaf.shape))


def _single(rule: Rule, layout: Layout) -> list[Leaf]:
    if len(layout.leaves) != 1:
        raise Violation(
            "wrong kind",
            said(
                "{name}: a {kind} is of one array with respect to one array; there are {leaves}: "
                "use vjp or jvp",
                "{name}：{kind} 是一个数组对一个数组的；这里有 {leaves}：请用 vjp 或 jvp",
                name=rule.name,
                kind=rule.kind,
                leaves=", ".join(leaf.label for leaf in layout.leaves),
            ),
        )
    return layout.leaves


# What is said of an answer that cannot be used is put together only then: it costs too much.


def _returns(name: str) -> Said:
    return said("{name} returns", "{name} 返回了", name=name)


def _row(name: str, j: Any) -> Said:
    return said(
        "{name}: the row for output index {j}", "{name}：输出下标 {j} 对应的行", name=name, j=j
    )


def _column(name: str, i: Any) -> Said:
    return said(
        "{name}: the column for input index {i}", "{name}：输入下标 {i} 对应的列", name=name, i=i
    )


def _floating(saying: Callable[[], Said], value: Any, integers: bool = False) -> Any:
    """``value`` as a real floating array or numpy scalar, or a ``Violation`` that says what it is.

    A claimed derivative may be an integer (``return 0`` is right for a constant).
    """
    if isinstance(value, np.floating):
        return value
    if value is None:
        raise Violation(
            "no answer",
            said(
                "{what} None; is a return statement missing?",
                "{what} None；是否漏了 return 语句？",
                what=saying(),
            ),
        )
    try:
        array = np.asarray(value)
    except UnknownOperation:
        raise _stale(saying()) from None
    except (ValueError, TypeError) as error:
        told = said(
            "{what} {value}: {error}", "{what} {value}：{error}",
            what=saying(), value=_what(value), error=str(error),
        )  # fmt: skip
        raise Violation("wrong output", told) from None
    if array.dtype.kind == "c":
        raise Violation(
            "complex",
            said(
                "{what} complex; complex numbers are out of scope for now",
                "{what}复数；目前不支持复数",
                what=saying(),
            ),
        )
    if array.dtype.kind not in ("fiu" if integers else "f"):
        booleans = array.dtype.kind == "b"
        raise Violation(
            "wrong dtype",
            said(
                "{what} {value}; real floating numbers were expected{hint}",
                "{what} {value}；应为实浮点数{hint}",
                what=saying(),
                value=_what(value),
                hint=said("; multiply it with numbers", "；请与数相乘") if booleans else "",
            ),
        )
    return array if array.ndim else array[()]


def _stale(what: str) -> Violation:
    """A rule met what only the function gets: its inputs at a probe."""
    return Violation(
        "stale cache",
        said(
            "{what} made of what the function left in a global or an attribute when it was last "
            "called, which was at other inputs; a rule gets what it needs by the names of its "
            "parameters",
            "{what} 来自函数上一次（在别的输入处）被调用时留在全局变量或属性里的值；"
            "规则所需的量应通过参数名得到",
            what=what,
        ),
    )


def raises(name: str, error: BaseException) -> Said:
    """That something raises, with the last line of what it says."""
    return said("{name} raises {error}", "{name} 抛出 {error}", name=name, error=last_line(error))


_GRADIENT, _TANGENT = said("gradient", "梯度"), said("tangent", "切向量")
_JACOBIAN, _ENTRY = said("Jacobian", "雅可比矩阵"), said("entry", "元素")
_ROW, _COLUMN = said("row", "行"), said("column", "列")


def all_finite(flat: Vector) -> bool:
    """Whether every entry is finite; one pass where it is, which is nearly always."""
    return math.isfinite(flat.sum()) or bool(np.isfinite(flat).all())


def same_bits(a: Vector, b: Vector) -> bool:
    """Whether two flat arrays of one type are equal bit for bit."""
    if a.size > _SMALL:
        return bool(np.array_equal(a.view(np.uint8), b.view(np.uint8)))
    return a.tobytes() == b.tobytes()


def _finite(flat: Floats, name: str, what: Said) -> Floats:
    if not all_finite(flat):
        position = int(np.flatnonzero(~np.isfinite(flat.reshape(-1)))[0])
        raise Violation(
            "numerically unstable",
            said(
                "{name} gives {value} at position {position} of its {what}, where the function is "
                "finite",
                "{name} 在其 {what} 的第 {position} 个位置给出 {value}，而函数在那里是有限的",
                name=name,
                value=flat.reshape(-1)[position],
                position=position,
                what=what,
            ),
        )
    return flat


def _what(value: Any) -> Said:
    if isinstance(value, np.ndarray | np.generic):
        return said(
            "an array of dtype {dtype} and shape {shape}",
            "dtype 为 {dtype}、形状为 {shape} 的数组",
            dtype=value.dtype, shape=value.shape,
        )  # fmt: skip
    kind = type(value).__name__
    if isinstance(value, tuple | list):
        return said("a {kind} of {n}", "长度为 {n} 的 {kind}", kind=kind, n=len(value))
    return said("{value} ({kind})", "{value}（{kind}）", value=repr(value), kind=kind)
