r"""Hessians, :math:`H[i, k] = \partial^2 y / \partial x_i \partial x_k`: Jacobians of gradients.

Measured from the declared gradient where that passes at the point, else from the function itself
by differences of differences, which resolves less. The report says which.
"""

from __future__ import annotations

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
from gradcheck.judging.context import CONFINED
from gradcheck.oracle.directions import finish, magnitudes, scales
from gradcheck.oracle.entry import ROUNDING, imagined, slopes
from gradcheck.oracle.imaginary import Stepped
from gradcheck.oracle.interval import select
from gradcheck.oracle.ladder import DOUBLE, Line
from gradcheck.oracle.layout import Layout, Vector
from gradcheck.returned import SetAside, Violation
from gradcheck.subject import Subject
from gradcheck.verdict import Status, Verdict

Floats = NDArray[np.float64]

#: A second point at which a declared gradient has to pass, by this share of each input.
_NEARBY = 0.125
#: So many levels make second differences: below, their noise is all there is.
_MOST_LEVELS = 7
#: The first level of the inner differences.
_INNER = 1
#: The rounding of a function counts so many times the scatter that was seen.
_SCATTER = 2.0


def gradient_subject(
    rule: Rule,
    values: Mapping[str, Any],
    bindings: Bindings,
    case: Case,
    judge: Callable[..., Verdict],
) -> Subject:
    """The gradient of the rule's derivation as the function that is measured.

    Raises ``Violation`` where the function is not scalar.
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
        if other.kind in ("gradient", "vjp")
        and set(rule.wrt) <= set(other.wrt)
        and other.problem is None
    ]
    doubt: Verdict | None = None
    signs = magnitudes(case.rng("hessian"), base.x.size)
    moved = finish(base.point, _NEARBY * scales(base.point, "spread"), signs, DOUBLE).v
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
    room = base.point.reach()
    if room is not None and np.any(room < CONFINED * scales(base.point, "spread")):
        raise SetAside(
            "measurement",
            said(
                "too close to the edge of the domain for differences of differences",
                "离定义域的边缘太近，无法取二阶差分",
            ),
        )
    error = np.empty(base.x.size)
    function = _measured_gradient(rule, base, error)
    note = said(
        "the Hessian was measured from the function alone: no declared gradient passes here",
        "黑塞矩阵只由函数本身测得：此处没有通过检查的已声明梯度",
    )
    subject = _of_gradient(rule, base, function, values, bindings)
    subject.notes.append(note)
    subject.is_measured = True
    subject.second_opinion = functools.partial(_second_difference, base)
    subject.point.scatter = lambda: error
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


def _measured_gradient(rule: Rule, base: Subject, error: Floats) -> Callable[..., Any]:
    """The gradient by differences; ``error`` is set to the error bound of each of its entries."""
    owner, name = rule.derivation, rule.wrt[0]
    levels = list(range(_INNER, DOUBLE.count))
    rounding = base.point.rounding
    quantum = 0.0 if rounding is None else _SCATTER * float(rounding[0])
    own = _own(base)

    def measured(subject: Subject) -> list[tuple[float, float]]:
        found = []
        for k, reach in enumerate(_inside(subject, own, DOUBLE.step(_INNER))):
            if reach == 0:
                found.append((np.nan, np.inf))
                continue
            v = np.zeros(own.size)
            v[k] = reach
            line = Line(subject.point, v)
            exact = imagined(line, DOUBLE, DOUBLE.epsilon)
            if exact is not None:
                found.append((exact.value[0] / reach, exact.error[0] / reach))
                continue
            one = slopes(line, DOUBLE, levels, DOUBLE.epsilon, None, quantum)
            found.append((one.value[0] / reach, one.error[0] / reach))
        return found

    def gradient(**values: Any) -> Any:
        subject = Subject(owner, values, {}, rule.wrt)
        values_alone = np.array([value for value, _ in measured(subject)])
        return subject.inputs.restore(values_alone)[name]

    error[:] = [bound for _, bound in measured(base)]
    return gradient


def _own(subject: Subject) -> Vector:
    """How far each input is moved: by its own size, at 0 by no more than 1.

    Entries differ in size.
    """
    own = np.minimum(scales(subject.point, "spread"), scales(subject.point, "magnitude"))
    return np.where(subject.x == 0, np.minimum(own, 1.0), own)


def _second_difference(base: Subject, i: int, k: int) -> tuple[float, float]:
    r""":math:`\partial^2 y / \partial x_i \partial x_k` by differences of the function itself.

    Its noise falls with the square of the step, which is what ``select`` takes for the step.
    """
    point, own = base.point, _inside(base, _own(base), 2 * DOUBLE.step(0))
    if min(own[i], own[k]) == 0:
        return 0.0, np.inf
    steps = np.array([DOUBLE.step(level) for level in range(_MOST_LEVELS)])

    def value(a: float, b: float) -> float:
        x = point.x.copy()
        x[i] += a * own[i]
        x[k] += b * own[k]
        return float(point.evaluate(x)[0])

    quotients = []
    for h in steps:
        if i == k:
            four = value(h, h) - 2 * float(point.y[0]) + value(-h, -h)
        else:
            four = value(h, h) - value(h, -h) - value(-h, h) + value(-h, -h)
        quotients.append([four / (4 * h * h)])
    rounding = point.rounding
    noise = ROUNDING * DOUBLE.epsilon * np.abs(point.y)
    if rounding is not None:
        noise = np.maximum(noise, _SCATTER * rounding)
    found, error = select(steps * steps, np.array(quotients), noise)
    size = own[i] * own[k]
    return float(found[0] / size), float(error[0] / size)


def _inside(subject: Subject, reach: Vector, step: float) -> Vector:
    """How far inner differences may move each input, so that none leaves the domain."""
    room = subject.point.reach()
    return reach if room is None else np.minimum(reach, room / step)
