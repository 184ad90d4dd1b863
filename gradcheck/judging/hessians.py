r"""Hessians, :math:`H[i, k] = \partial^2 y / \partial x_i \partial x_k`: Jacobians of gradients.

Measured from the declared gradient where that passes at the point, else from the function itself
by differences of differences, which resolves less. The report says which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.case import Case
from gradcheck.claims import Derivation, Options, Rule
from gradcheck.dims import Bindings
from gradcheck.evaluation import SetAside, Subject, Violation, as_gradients
from gradcheck.oracle.directions import finish, magnitudes, scales
from gradcheck.oracle.entry import ROUNDING
from gradcheck.oracle.ladder import DOUBLE, Line, extrapolate
from gradcheck.oracle.layout import Layout
from gradcheck.verdict import Status, Verdict

Floats = NDArray[np.float64]

#: A second point at which a declared gradient has to pass, by this share of each input.
_NEARBY = 0.125
#: The steps of the inner differences: their error is far below that of the outer ones, and their
#: noise is what limits the result.
_INNER = (0, 1)


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
            f"hessian needs a scalar output, but {rule.derivation.name} returns shape {shape}",
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
            note = f"the Hessian was measured from the declared gradient {declared.name}"
            return _of_gradient(rule, base, function, note, values, bindings)
        if verdict.status is Status.UNDECIDED:
            doubt = verdict
    if doubt is not None:
        # Second differences are noisier than first ones: what cannot be seen in these is not in
        # those.
        raise SetAside(
            doubt.cause or "measurement",
            f"the gradient of {rule.derivation.name} could not be decided here: {doubt.reason}",
        )
    error = np.empty(base.x.size)
    function = _measured_gradient(rule, base, error)
    note = "the Hessian was measured from the function alone: no declared gradient passes here"
    subject = _of_gradient(rule, base, function, note, values, bindings)
    subject.is_measured = True
    subject.point.scatter = lambda: error
    return subject


def _of_gradient(
    rule: Rule,
    base: Subject,
    function: Callable[..., Any],
    note: str,
    values: Mapping[str, Any],
    bindings: Bindings,
) -> Subject:
    owner = Derivation.of(function, rule.derivation, Options(output=("gradient",)))
    subject = Subject(owner, values, bindings, rule.wrt)
    subject.extra = base.answers
    subject.notes.append(note)
    return subject


def _declared_gradient(rule: Rule, name: str) -> Callable[..., Any]:
    owner = rule.derivation

    def gradient(**values: Any) -> Any:
        y = owner.function(**values)
        names = {**values, owner.options.output[0]: y}
        leading = [np.float64(1.0)] if rule.kind == "vjp" else []
        layout = Layout({n: values[n] for n in rule.wrt})
        flat = as_gradients(rule.name, rule.call(leading, names), rule, layout, [])
        return layout.restore(flat)[name]

    return gradient


def _measured_gradient(rule: Rule, base: Subject, error: Floats) -> Callable[..., Any]:
    """The gradient by differences; ``error`` is set to the rounding of each of its entries."""
    owner, name = rule.derivation, rule.wrt[0]
    reach = scales(base.point, "spread")
    coarse, fine = (DOUBLE.step(k) / DOUBLE.ratio for k in _INNER)

    def gradient(**values: Any) -> Any:
        subject = Subject(owner, values, {}, rule.wrt)
        found = np.empty(subject.x.size)
        for k in range(found.size):
            v = np.zeros(found.size)
            v[k] = reach[k]
            line = Line(subject.point, v)
            slope = extrapolate(
                line.odd(coarse) / (2 * coarse), line.odd(fine) / (2 * fine), coarse / fine
            )
            found[k] = slope[0] / reach[k]
        return subject.inputs.restore(found)[name]

    error[:] = ROUNDING * DOUBLE.epsilon * np.abs(base.point.y[0]) / (fine * reach)
    return gradient
