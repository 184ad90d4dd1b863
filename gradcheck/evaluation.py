"""A claim at a point: what the user's rules answer, made flat and held to their contract.

A rule is called here and nowhere else, so that what it returns — nothing, the wrong shape, the
wrong number of arrays — becomes a sentence about it, and no exception of numpy's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gradcheck.asked_entries import Entries, answered, draw, jacobian
from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.gradients import as_gradients, shaped
from gradcheck.hints import said
from gradcheck.oracle.layout import Vector
from gradcheck.oracle.own_numbers import with_numbers
from gradcheck.oracle.rounding import is_jittered, moved, plain
from gradcheck.oracle.stepped import UnknownOperation
from gradcheck.returned import (
    Violation,
    finite,
    raises,
    same_bits,
    stale,
)
from gradcheck.subject import Subject

Floats = NDArray[np.float64]

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
        known = self._answers.get(vector.tobytes()) if self._answers else None
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
        run = rule.id, case.seed, moved(wrap(np.ones(_TELLING))).tobytes()
        if run in subject.asked:
            return subject.asked[run]
    names = subject.names if wrap is None else subject.jittered(wrap)
    claim.size = _numbers_of(rule, subject)

    def ask(leading: Sequence[Any], wrapped: Sequence[Any] | None = None, **indices: Any) -> Any:
        claim.calls += 1
        try:
            if wrap is not None:
                leading = wrapped or [wrap(part) for part in leading]
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
                note_narrower(kind)
        return raw

    def note_narrower(kind: np.dtype[Any]) -> None:
        given = subject.x.dtype
        if kind.itemsize < given.itemsize:
            note = said(
                "{name} answers in {kind} where it is given {given}",
                "给 {name} 的是 {given}，它以 {kind} 作答",
                name=rule.name,
                kind=str(kind),
                given=str(given),
            )
            claim.notes += [] if note in claim.notes else [note]

    def flat(raw: Any) -> Floats:
        return finite(
            as_gradients(rule.name, raw, rule, subject.inputs, claim.notes), rule.name, _GRADIENT
        )

    #: Of calls that were announced the vectors as they are sent: no jitter is drawn twice.
    ahead: dict[bytes, list[Any]] = {}

    def sent(vector: Vector) -> list[Any] | None:
        return ahead.pop(vector.tobytes(), None) if ahead else None

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
                raw = ask(leading, sent(u))
                if not same_bits(given, u.astype(subject.dtype, copy=False)):
                    raise _changed(rule, "cotangent")
                return claim.kept(u, flat(raw))

            claim.pull = pull
            travels(subject.cotangent)
        case "jvp":

            def push(v: Vector) -> Floats:
                given = v.astype(subject.x.dtype)
                raw = ask(subject.tangent(given), sent(v))
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
            claim.entries = jacobian(rule, subject, ask(()))
        case "column" | "row" | "partial":
            drawn = draw(rule, subject, case.rng("entries"))
            if remote is not None and drawn.asked and not announced:
                remote.announce(_calls(rule, names, drawn.asked), claim.size)
            claim.entries = answered(rule, subject, ask, drawn)
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
            asked = draw(rule, subject, case.rng("entries")).asked if drawn else [{}]
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


_GRADIENT, _TANGENT = said("gradient", "梯度"), said("tangent", "切向量")
