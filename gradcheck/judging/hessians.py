r"""Hessians, :math:`H[i, k] = \partial^2 y / \partial x_i \partial x_k`: Jacobians of gradients.

Measured from the declared gradient where that passes at the point, else from the function itself
by differences of differences, which resolves less. The report says which.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.case import Case
from gradcheck.claims import Derivation, Options, Rule
from gradcheck.dims import Bindings
from gradcheck.gradients import as_gradients, gradients_by_name
from gradcheck.hints import said
from gradcheck.oracle.confirmation import imagined
from gradcheck.oracle.directions import finish, magnitudes, scales
from gradcheck.oracle.entry import measure_along
from gradcheck.oracle.ladder import DOUBLE, Line
from gradcheck.oracle.layout import Layout, Vector
from gradcheck.oracle.stepped import Stepped
from gradcheck.returned import SetAside, Violation
from gradcheck.subject import Subject
from gradcheck.verdict import Status, Verdict

Floats = NDArray[np.float64]

#: A second point at which a declared gradient has to pass, by this share of each input.
_NEARBY = 0.125


def gradient_subject(
    rule: Rule,
    values: Mapping[str, Any],
    bindings: Bindings,
    case: Case,
    judge: Callable[..., Verdict],
    alone: bool = False,
) -> Subject:
    """The gradient of the rule's derivation as the function that is measured.

    ``alone``: from the function, whatever gradients are declared. Raises ``Violation`` where the
    function is not scalar.
    """
    base = Subject(rule.derivation, values, bindings, rule.wrt)
    if base.y.size != 1:
        shape = np.shape(next(iter(base.answers.values())))
        raise Violation(
            "wrong kind",
            said(
                "hessian needs a scalar output, but {name} returns shape {shape}",
                "hessian 要求输出是标量，而 {name} 返回的形状是 {shape}",
                name=rule.derivation.name,
                shape=shape,
            ),
        )
    others = [
        other
        for other in rule.derivation.rules
        if not alone
        and other.kind in ("gradient", "vjp")
        and set(rule.wrt) <= set(other.wrt)
        and other.problem is None
    ]
    doubt: Verdict | None = None
    signs = magnitudes(case.rng("hessian"), base.x.size)
    moved = finish(base.point, _NEARBY * _own(base), signs, DOUBLE).v
    nearby = {**values, **base.inputs.restore(base.x + moved)}
    for declared in others:
        verdict = judge(declared, values, bindings, case, contracts=False)
        if verdict:
            # At a point of its own, such as 0, a wrong gradient may be right.
            verdict = judge(declared, nearby, bindings, case, contracts=False)
        if verdict:
            function = _declared_gradient(declared, rule.wrt[0])
            note = said(
                "the Hessian was measured from the declared gradient {name}",
                "黑塞矩阵是由所声明的梯度 {name} 测得的",
                name=declared.name,
            )
            subject = _of_gradient(rule, base, function, values, bindings)
            subject.origin = note
            return subject
        if verdict.status is Status.UNDECIDED:
            doubt = verdict
    if doubt is not None:
        # Second differences are noisier than first ones: what cannot be seen in these is not in
        # those.
        raise SetAside(
            doubt.cause or "measurement",
            said(
                "the gradient of {name} could not be decided here: {reason}",
                "{name} 的梯度在此无法判定：{reason}",
                name=rule.derivation.name,
                reason=doubt.reason,
            ),
        )
    inner = _Inner(rule, base)
    note = said(
        "the Hessian was measured from the function alone: no declared gradient passes here",
        "黑塞矩阵只由函数本身测得：此处没有通过检查的已声明梯度",
    )
    if alone:
        note = said(
            "the Hessian was measured from the function alone, which contradicts the declared "
            "gradient here",
            "黑塞矩阵只由函数本身测得：函数本身在此与所声明的梯度矛盾",
        )
    subject = _of_gradient(rule, base, inner.gradient, values, bindings)
    subject.notes.append(note)
    subject.measure(inner.some, inner.error)
    return subject


def _of_gradient(
    rule: Rule,
    base: Subject,
    function: Callable[..., Any],
    values: Mapping[str, Any],
    bindings: Bindings,
) -> Subject:
    owner = Derivation.of(function, rule.derivation, Options(output=("gradient",)))
    subject = Subject(owner, values, bindings, rule.wrt)

    def answers(values: Mapping[str, Any]) -> Mapping[str, Any]:
        return Subject(rule.derivation, values, bindings, rule.wrt).answers

    subject.extra_of = answers
    return subject


def _declared_gradient(rule: Rule, name: str) -> Callable[..., Any]:
    owner = rule.derivation

    def gradient(**values: Any) -> Any:
        y = owner.function(**values)
        names = {**values, owner.options.output[0]: y}
        leading = [np.float64(1.0)] if rule.kind == "vjp" else []
        if isinstance(values[name], Stepped):
            # A step in the imaginary direction goes through as it is.
            return gradients_by_name(rule.name, rule.call(leading, names), rule)[name]
        layout = Layout({n: values[n] for n in rule.wrt})
        flat = as_gradients(rule.name, rule.call(leading, names), rule, layout, [])
        return layout.restore(flat)[name]

    return gradient


class _Inner:
    """The gradient by differences, entry by entry: by an imaginary step where one can be taken.

    An entry is measured the same way at all points, or what differs would be taken for a slope.
    """

    def __init__(self, rule: Rule, base: Subject) -> None:
        self._rule, self._base = rule, base
        #: How far each input moves, and which entries an imaginary step measures. It takes no steps
        #: but to be confirmed, which small ones do better; differences have less noise at large.
        self._reach = _own(base)
        near = _inside(base, self._reach, DOUBLE.step(0))
        exact = [
            imagined(self._line(base, k, moved), DOUBLE, DOUBLE.epsilon)
            for k, moved in enumerate(near)
        ]
        self._exact = np.array([found is not None for found in exact])
        self._reach = np.where(self._exact, self._reach, scales(base.point, "spread"))
        #: The error bound of each entry at the point itself.
        self.error: Floats = np.zeros(0)
        self.error = np.array([bound for _, bound in self._entries(base.values)])
        if not np.isfinite(self.error).all():
            raise SetAside(
                "measurement",
                said(
                    "the gradient of {name} cannot be measured here from the function alone, which "
                    "has a kink or varies within the smallest steps; declare the gradient as well",
                    "此处无法只由函数本身测得 {name} 的梯度：它有折点，或在最小步长之内变化；"
                    "请同时声明梯度",
                    name=rule.derivation.name,
                ),
            )

    def gradient(self, **values: Any) -> Any:
        """All entries at some inputs."""
        found = np.array([value for value, _ in self._entries(values)])
        return Layout({n: values[n] for n in self._rule.wrt}).restore(found)[self._rule.wrt[0]]

    def some(self, values: Mapping[str, Any], asked: NDArray[np.bool_]) -> Vector:
        """The entries that are asked for, and 0 for the others."""
        found = np.zeros(asked.size)
        found[asked] = [value for value, _ in self._entries(values, np.flatnonzero(asked))]
        return found

    def _entries(
        self, values: Mapping[str, Any], asked: NDArray[np.intp] | None = None
    ) -> list[tuple[float, float]]:
        subject = Subject(self._rule.derivation, values, {}, self._rule.wrt)
        subject.point.scatter = lambda: self._rounding
        reach = _inside(subject, self._reach, DOUBLE.step(0))
        return [
            self._entry(subject, int(k), float(reach[k]))
            for k in (range(reach.size) if asked is None else asked)
        ]

    def _entry(self, subject: Subject, k: int, reach: float) -> tuple[float, float]:
        """An entry and its error bound; no number on a kink, or where it cannot be measured."""
        if reach == 0:
            return np.nan, np.inf
        line = self._line(subject, k, reach)
        if self._exact[k]:
            assert subject.point.imaginary is not None
            found = subject.point.imaginary(line.v, enough=self._enough(k, reach))
            if found is None:
                return np.nan, np.inf
            return found.value[0] / reach, found.error[0] / reach
        one = measure_along(line, np.ones(1), DOUBLE, DOUBLE.epsilon, sure=True)
        if one.kinked[0] or not np.isfinite(one.error[0]):
            return np.nan, np.inf
        return one.value[0] / reach, one.error[0] / reach

    def _enough(self, k: int, reach: float) -> float | None:
        """The error bound of a difference of an entry; None before that is known."""
        return float(self.error[k]) * reach if self.error.size else None

    @functools.cached_property
    def _rounding(self) -> Vector | None:
        """How far rounding moves the function, at the point and around; None where it is unknown.

        One number for all points, as to find it takes as long as a slope: the largest of three, as
        at a round number nothing may be rounded.
        """
        base = self._base
        found = [base.point.rounding]
        for step in (DOUBLE.step(0), -DOUBLE.step(0)):
            x = base.x + step * _inside(base, self._reach, DOUBLE.step(0))
            with contextlib.suppress(SetAside):
                found.append(base.moved_to(x.astype(base.x.dtype), {}).point.rounding)
        known = [one for one in found if one is not None]
        return np.max(known, axis=0) if len(known) == len(found) else None

    def _line(self, subject: Subject, k: int, reach: float) -> Line:
        v = np.zeros(self._reach.size)
        v[k] = reach
        return Line(subject.point, v)


def _own(subject: Subject) -> Vector:
    """How far each input is moved: by its own size, at 0 by no more than 1.

    Entries differ in size.
    """
    own = np.minimum(scales(subject.point, "spread"), scales(subject.point, "magnitude"))
    return np.where(subject.x == 0, np.minimum(own, 1.0), own)


def _inside(subject: Subject, reach: Vector, step: float) -> Vector:
    """How far inner differences may move each input, so that none leaves the domain."""
    room = subject.point.reach()
    return reach if room is None else np.minimum(reach, room / step)
