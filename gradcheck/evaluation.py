"""A claim at a point: what the user's rules answer, made flat and held to their contract.

A rule is called here and nowhere else, so that what it returns — nothing, the wrong shape, the
wrong number of arrays — becomes a sentence about it, and no exception of numpy's.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.gradients import as_gradients, fit, shaped
from gradcheck.hints import Said, said
from gradcheck.oracle.layout import Layout, Leaf, Vector
from gradcheck.oracle.own_numbers import with_numbers
from gradcheck.oracle.rounding import is_jittered, plain
from gradcheck.oracle.stepped import UnknownOperation
from gradcheck.returned import (
    Violation,
    finite,
    floating,
    raises,
    returns,
    same_bits,
    stale,
)
from gradcheck.subject import Subject

Floats = NDArray[np.float64]

#: At most so many columns, rows and single entries of a claim are asked for in one case: they
#: cost a call each. They are drawn, so that the cases together see all of them.
MOST_COLUMNS = 8
MOST_ROWS = 16
MOST_ENTRIES = 256
#: By how it moves so many numbers a run of jitter is told from all others.
_TELLING = 64
#: Types that hold fewer digits than float64.
_NARROW = (np.dtype(np.float32), np.dtype(np.float16))


class Remote(Protocol):
    """A rule's function that answers in another process, where every message costs time."""

    def expect(self, size: int) -> None:
        """The next answer has so many numbers, if it is right."""

    def announce(self, calls: Sequence[Arguments], size: int) -> None:
        """These calls are about to be made; each answer has so many numbers, if it is right."""

    def lost(self, case: Case, size: float, sought: float) -> float:
        """What a number of an answer may be off by in rounding, as far as that is known; else 0.

        ``size`` is the largest number at hand. More than ``sought`` is as good as that much, and
        less than ``sought`` is as much as there is.
        """


#: What a function is called with, by position and by name.
Arguments = tuple[list[Any], dict[str, Any]]


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
    #: Half the spacing at 1 of the narrowest type in which it has answered, or 0 where that is
    #: float64, and the least number that keeps its digits there.
    epsilon: float = 0.0
    least: float = float(np.finfo(np.float64).tiny)
    #: Of a rule that answers in another process: it, the calls that ``pull`` or ``push`` makes of
    #: some vectors, and how many numbers an answer has.
    remote: Remote | None = None
    calls_of: Callable[[Sequence[Vector]], list[Arguments]] = lambda us: []
    size: int = 0
    _answers: dict[bytes, Floats] = field(default_factory=dict)

    def kept(self, vector: Vector, answer: Floats) -> Floats:
        """An answer, which ``again`` knows where it came from another process."""
        if self.remote is not None:
            self._answers[vector.tobytes()] = answer
        return answer

    def again(self, vector: Vector) -> Floats:
        """What was pulled back or pushed before; asked for anew in this process alone."""
        answer = self.pull or self.push
        assert answer is not None
        known = self._answers.get(vector.tobytes())
        return answer(vector) if known is None else known

    def number(self, u: Vector, v: Vector) -> float:
        """The claimed ``uᵀJv``."""
        if self.pull is not None:
            return float(self.again(u) @ v)
        if self.push is not None:
            return float(self.again(v) @ u)
        entries = self.entries
        assert entries is not None
        return float(u[entries.rows] @ entries.values @ v[entries.columns])

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
    *,
    announced: bool = False,
) -> Claim:
    """The claim of ``rule`` at ``subject``; explicit entries are asked for at once.

    With ``wrap``, the rule is given its arrays through it, as the measurement of its rounding
    needs. Which entries are asked for is drawn from ``case``; ``announced``, they were before.

    Raises ``Violation`` where an answer cannot be used.
    """
    claim = Claim(subject, rule.name)
    function: Any = rule.function
    remote: Remote | None = function if answers_elsewhere(rule) else None
    run = None
    if wrap is not None and remote is not None:
        # Whichever row is looked at, one run of jitter moves all entries by the same: asked once.
        run = rule.id, case.seed, plain(wrap(np.ones(_TELLING)) * 1.0).tobytes()
        if run in subject.asked:
            return subject.asked[run]
    names = subject.names if wrap is None else subject.jittered(wrap)
    claim.size = _numbers_of(rule, subject)

    def ask(leading: Sequence[Any], sent: Sequence[Any] | None = None, **indices: Any) -> Any:
        claim.calls += 1
        try:
            if wrap is not None:
                leading = sent or [wrap(part) for part in leading]
            if remote is not None:
                remote.expect(claim.size)
            if subject.comes_first:
                subject.point.evaluations += 1
                subject._call({name: names[name] for name in subject.values})
            own = None if wrap is None else with_numbers(rule.function, wrap)
            assert rule.signature is not None
            raw = rule.signature.call(leading, {**names, **indices} if indices else names, own)
        except Violation:
            raise
        except UnknownOperation:
            raise stale(said("{name} is", "{name} 是", name=rule.name)) from None
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
        return finite(
            as_gradients(rule.name, raw, rule, subject.inputs, claim.notes), rule.name, _GRADIENT
        )

    #: Of calls that were announced the vectors as they are sent: no jitter is drawn twice.
    ahead: dict[bytes, list[Any]] = {}

    def travels(leading: Callable[[Vector], Sequence[Any]]) -> None:
        if remote is None or rule.signature is None:
            return
        arguments = rule.signature.arguments

        def call_of(vector: Vector) -> Arguments:
            given = list(leading(vector))
            if wrap is not None:
                given = ahead[vector.tobytes()] = list(map(wrap, given))
            return arguments(given, names)

        claim.remote = remote
        claim.calls_of = lambda vectors: list(map(call_of, vectors))

    match rule.kind:
        case "vjp":

            def pull(u: Vector) -> Floats:
                given = u.astype(subject.dtype)
                leading = list(subject.outputs.restore(given).values())
                raw = ask(leading, ahead.pop(u.tobytes(), None))
                if not same_bits(given, u.astype(subject.dtype, copy=False)):
                    raise _changed(rule, "cotangent")
                return claim.kept(u, flat(raw))

            claim.pull = pull
            travels(subject.cotangent)
        case "jvp":

            def push(v: Vector) -> Floats:
                given = v.astype(subject.x.dtype)
                raw = ask(subject.tangent(given), ahead.pop(v.tobytes(), None))
                if not same_bits(given, v.astype(subject.x.dtype, copy=False)):
                    raise _changed(rule, "tangent")
                answer = shaped(rule.name, raw, subject.outputs, claim.notes)
                return claim.kept(v, finite(answer, rule.name, _TANGENT))

            claim.push = push
            travels(subject.tangent)
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
            drawn = _draw(rule, subject, case.rng("entries"))
            if remote is not None and drawn.asked and not announced:
                remote.announce(_calls(rule, names, drawn.asked), claim.size)
            claim.entries = _drawn(rule, subject, ask, drawn)
    if run is not None and claim.entries is not None:
        subject.asked[run] = claim
    return claim


def answers_elsewhere(rule: Rule) -> bool:
    """Whether a rule's function is ``Remote``."""
    return hasattr(rule.function, "announce")


def announce_entries(rule: Rule, points: Sequence[tuple[Subject, Case]]) -> bool:
    """Tell which entries are about to be asked for, at several points, and whether there are any.

    As ``announce``. What is wrong with a point is said when it is judged.
    """
    remote: Any = rule.function
    if rule.kind in ("vjp", "jvp") or len(points) < 2 or not answers_elsewhere(rule):
        return False
    calls: list[Arguments] = []
    for subject, case in points:
        with contextlib.suppress(Violation):
            drawn = rule.kind in ("column", "row", "partial")
            asked = _draw(rule, subject, case.rng("entries")).asked if drawn else [{}]
            calls += _calls(rule, subject.names, asked)
    if calls:
        remote.announce(calls, max(_numbers_of(rule, subject) for subject, _ in points))
    return bool(calls)


def _calls(
    rule: Rule, names: Mapping[str, Any], asked: Sequence[Mapping[str, Any]]
) -> list[Arguments]:
    assert rule.signature is not None
    return [rule.signature.arguments((), {**names, **at}) for at in asked]


def announce(coming: Sequence[tuple[Claim, Sequence[Vector]]]) -> None:
    """Tell which vectors are about to be pulled back or pushed: they travel in one message.

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


def _jacobian(rule: Rule, subject: Subject, raw: Any) -> Entries:
    (leaf,) = _single(rule, subject.inputs)
    (output,) = _single(rule, subject.outputs)
    array = np.asarray(floating(lambda: returns(rule.name), raw, integers=True))
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
    finite(values.reshape(-1), rule.name, _JACOBIAN)
    return Entries(np.arange(subject.y.size), np.arange(subject.x.size), values)


@dataclass
class _Drawn:
    """Which columns, rows or single entries are asked for, with what, and where they stand."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    asked: list[dict[str, Any]]
    places: list[tuple[int, int]] = field(default_factory=list)
    uncovered: int = 0


def _draw(rule: Rule, subject: Subject, rng: np.random.Generator) -> _Drawn:
    """Columns, rows or single entries: all of them where there are few, else some, drawn."""
    (leaf,) = _single(rule, subject.inputs)
    (output,) = _single(rule, subject.outputs)
    n, m = subject.x.size, subject.y.size
    if rule.kind == "row":
        rows = _some(rng, m, MOST_ROWS)
        return _Drawn(rows, np.arange(n), [{"j": j} for j in _indices(output, rows)])
    columns = _some(rng, n, MOST_COLUMNS)
    if rule.kind == "column":
        return _Drawn(np.arange(m), columns, [{"i": i} for i in _indices(leaf, columns)])
    rows = _some(rng, m, max(1, MOST_ENTRIES // max(1, columns.size)))
    drawn = _Drawn(rows, columns, [])
    siblings = [
        other
        for other in subject.derivation.rules
        if other.kind == "partial" and other.wrt == rule.wrt and other.problem is None
    ]
    for c, i in enumerate(_indices(leaf, columns)):
        for r, j in enumerate(_indices(output, rows)):
            names = {**subject.names, "i": i, "j": j}
            if _says(rule, names):
                drawn.asked.append({"i": i, "j": j})
                drawn.places.append((r, c))
            elif not any(_says(other, names) for other in siblings):
                drawn.uncovered += 1
    return drawn


def _drawn(rule: Rule, subject: Subject, ask: Callable[..., Any], drawn: _Drawn) -> Entries:
    (leaf,) = _single(rule, subject.inputs)
    (output,) = _single(rule, subject.outputs)
    rows, columns, notes = drawn.rows, drawn.columns, list[str]()
    if rule.kind == "row":
        parts = [
            fit(functools.partial(_row, rule.name, at["j"]), ask((), **at), leaf, notes)
            for at in drawn.asked
        ]
        values = np.array(parts).reshape(rows.size, columns.size)
        return Entries(rows, columns, finite(values, rule.name, _ROW))
    if rule.kind == "column":
        parts = [
            fit(functools.partial(_column, rule.name, at["i"]), ask((), **at), output, notes)
            for at in drawn.asked
        ]
        values = np.array(parts).reshape(columns.size, rows.size).T
        return Entries(rows, columns, finite(values, rule.name, _COLUMN))
    values = np.zeros((rows.size, columns.size))
    mask = np.zeros(values.shape, bool)
    for at, place in zip(drawn.asked, drawn.places, strict=True):
        mask[place] = True
        value = np.asarray(floating(lambda: returns(rule.name), ask((), **at), True))
        if value.size != 1:
            raise Violation(
                "wrong shape",
                said(
                    "{name} returns shape {shape} for i = {i}, j = {j}; a single entry is a number",
                    "{name} 在 i = {i}, j = {j} 时返回的形状是 {shape}；单个元素应是一个数",
                    name=rule.name,
                    shape=value.shape,
                    **at,
                ),
            )
        values[place] = value.reshape(())
    finite(values.reshape(-1), rule.name, _ENTRY)
    return Entries(rows, columns, values, mask, drawn.uncovered)


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


def _row(name: str, j: Any) -> Said:
    return said(
        "{name}: the row for output index {j}", "{name}：输出下标 {j} 对应的行", name=name, j=j
    )


def _column(name: str, i: Any) -> Said:
    return said(
        "{name}: the column for input index {i}", "{name}：输入下标 {i} 对应的列", name=name, i=i
    )


_GRADIENT, _TANGENT = said("gradient", "梯度"), said("tangent", "切向量")
_JACOBIAN, _ENTRY = said("Jacobian", "雅可比矩阵"), said("entry", "元素")
_ROW, _COLUMN = said("row", "行"), said("column", "列")
