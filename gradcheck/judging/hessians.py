r"""Hessians, :math:`H[i, k] = \partial^2 y / \partial x_i \partial x_k`: Jacobians of gradients.

Measured from the declared gradient where that passes at the point, else from the function itself
by differences of differences, which resolves less. The report says which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.claims import Derivation, Options, Rule
from gradcheck.dims import Bindings
from gradcheck.evaluation import Subject, Violation, as_gradients
from gradcheck.oracle.directions import scales
from gradcheck.oracle.ladder import DOUBLE, Line, extrapolate
from gradcheck.oracle.layout import Layout
from gradcheck.verdict import Verdict

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
    declared = next(
        (
            other
            for other in rule.derivation.rules
            if other.kind in ("gradient", "vjp")
            and set(rule.wrt) <= set(other.wrt)
            and other.problem is None
            and judge(other, values, bindings, case, contracts=False)
        ),
        None,
    )
    if declared is not None:
        function = _declared_gradient(declared, rule.wrt[0])
        note = f"the Hessian was measured from the declared gradient {declared.name}"
    else:
        function = _measured_gradient(rule, base)
        note = "the Hessian was measured from the function alone: no declared gradient passes here"
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


def _measured_gradient(rule: Rule, base: Subject) -> Callable[..., Any]:
    owner, name = rule.derivation, rule.wrt[0]
    reach = scales(base.point, "spread")

    def gradient(**values: Any) -> Any:
        subject = Subject(owner, values, {}, rule.wrt)
        found = np.empty(subject.x.size)
        coarse, fine = (DOUBLE.step(k) for k in _INNER)
        coarse, fine = coarse / DOUBLE.ratio, fine / DOUBLE.ratio
        for k in range(found.size):
            v = np.zeros(found.size)
            v[k] = reach[k]
            line = Line(subject.point, v)
            slope = extrapolate(
                line.odd(coarse) / (2 * coarse), line.odd(fine) / (2 * fine), coarse / fine
            )
            found[k] = slope[0] / reach[k]
        return subject.inputs.restore(found)[name]

    return gradient
