"""Penalties that a default leaves out: ``if self.l2 > 0: self.dW += 2 * self.l2 * self.W``.

What a number adds to a gradient, and not to the output, is the gradient of a penalty a(W). It does
not depend on the cotangent. Where the file computes the penalty, by a function or method that takes
the object, a is its gradient. Where it does not, a(-W) = -a(W), and a turns against large
parameters, ⟨a(W), W⟩ > 0: of what does neither it is asked whether that is meant.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.adapters.layers import plan_of, trials
from gradcheck.adapters.plan import Plan
from gradcheck.adapters.randomness import reproducible
from gradcheck.adapters.session import Session
from gradcheck.adapters.settling import Reading
from gradcheck.adapters.style import is_required, parameters_of
from gradcheck.adapters.words import is_penalty
from gradcheck.answers import same
from gradcheck.claims import Derivation

#: Sums of few terms in another order agree to this. What is asked here is told in halves.
_NEAR = 1e-9
#: So large that any penalty that has a minimum turns against it.
_LARGE = 1e6
#: A step over which the square and the absolute value of what is larger have exact differences.
_STEP = 2.0**-10


@dataclass(frozen=True)
class Added:
    """What is wrong with what a number adds to the gradient of a parameter."""

    name: str
    #: Whether it is wrong, and not to be asked about.
    surely: bool
    said: str


def changes_output(before: Derivation, other: Derivation) -> bool:
    """Whether a layer gives another output with another value of its default."""
    _, values = trials(before, few=True)[-1]
    try:
        return not same(before.function(**values), other.function(**values))
    except Exception:
        return True


def wrongly_added(
    reading: Reading, other: Derivation, space: Mapping[str, Any]
) -> Iterator[Added] | None:
    """What is wrong with what a number adds, once it is no zero; None where it adds nothing."""
    assert reading.declared is not None
    before, plan = plan_of(reading.declared), plan_of(other)
    if before is None or plan is None or plan.style.make is None:
        return None
    bindings, values = trials(reading.declared, few=True)[-1]
    values = dict(values)
    for name in plan.places:  # none so small that a step changes its sign
        values[name] = np.where(values[name] < 0, values[name] - 1, values[name] + 1)
    at = _At(plan, bindings)
    try:
        added = at.gradients(values, 0.0)
        without = _At(before, bindings).gradients(values, 0.0)
        found = [name for name in added if np.any(added[name]) and not np.any(without[name])]
    except Exception:
        return None
    return _judged(_At(before, bindings), at, values, found, space) if found else None


def _judged(
    before: _At, at: _At, values: Mapping[str, Any], found: list[str], space: Mapping[str, Any]
) -> Iterator[Added]:
    penalty = _penalty_of(at, values, space)
    for name in found:
        try:
            alone, turned = at.gradients(values, 0.0)[name], at.gradients(values, 1.0)[name]
            of_output = before.gradients(values, 1.0)[name]
            negative = at.gradients({**values, name: -values[name]}, 0.0)[name]
            far = at.gradients({**values, name: _LARGE * values[name]}, 0.0)[name]
            elsewhere = at.gradients(_with_other_inputs(at.plan, values), 0.0)[name]
        except Exception:  # it is another layer there
            continue
        if same(alone, turned) and np.any(of_output):
            yield Added(name, True, "it is lost what comes from the cotangent")
        elif not same(alone, elsewhere):
            continue  # it is one of what comes out, not of parameters
        elif penalty is not None:
            slopes = _slopes(at, values, name, penalty)
            if not _is_near(alone, slopes):
                yield Added(name, True, f"it is not the gradient of {penalty.__name__}")
        elif not _is_near(negative, -alone):
            yield Added(name, False, "it is no gradient of a penalty that is the same at W and -W")
        elif np.sum(far * values[name]) < 0:
            yield Added(name, False, "it lets parameters grow")


@dataclass(frozen=True)
class _At:
    """A layer at the sizes of its trial."""

    plan: Plan
    bindings: Mapping[str, Any]

    def session(self, values: Mapping[str, Any]) -> Session:
        session = Session(self.plan, values, self.bindings)
        session.run_forward(values)
        return session

    def gradients(self, values: Mapping[str, Any], cotangent: float) -> dict[str, Any]:
        """The gradients of parameters at a multiple of a cotangent."""
        with reproducible(self.plan.generators), np.errstate(all="ignore"):
            session = self.session(values)
            outputs = session.collect()
            session.run_backward([cotangent * _turning(out) for out in outputs])
            names = [name for name in self.plan.places if self.plan.gradients.get(name)]
            return {name: np.array(session.gradient(name), dtype=float) for name in names}


def _with_other_inputs(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with other inputs of the same kinds, and the same parameters."""
    given = {name: values[name] for name in plan.forward_inputs}
    real = {n: one for n, one in given.items() if np.asarray(one).dtype.kind == "f"}
    return {**values, **{name: one / 2 for name, one in real.items()}}


def _turning(output: Any) -> Any:
    """Numbers that differ: ones are in the kernel of a softmax."""
    return np.cos(np.arange(np.size(output), dtype=float)).reshape(np.shape(output))[()]


def _is_near(one: Any, other: Any) -> bool:
    scale = np.max(np.abs(other), initial=0.0)
    return np.shape(one) == np.shape(other) and bool(np.all(np.abs(one - other) <= _NEAR * scale))


def _penalty_of(at: _At, values: Mapping[str, Any], space: Mapping[str, Any]) -> Any:
    """The function of the file that computes a penalty of the object; None where there is none."""
    for function in (*_own(at, values), *_given(space)):
        try:
            value = float(function(at.session(values).object))
        except Exception:  # it is one of other objects
            continue
        if value:
            return function
    return None


def _own(at: _At, values: Mapping[str, Any]) -> Iterator[Any]:
    """Methods of the object, which take nothing else."""
    members = inspect.getmembers(type(at.session(values).object), inspect.isfunction)
    for name, method in members:
        if is_penalty(name) and not any(map(is_required, parameters_of(method, skip_first=True))):
            yield method


def _given(space: Mapping[str, Any]) -> Iterator[Any]:
    """Functions and methods of the file that take an object."""
    for name, value in space.items():
        if inspect.isfunction(value) and is_penalty(name):
            yield value
        elif inspect.isclass(value):
            for text, method in inspect.getmembers(value, inspect.isfunction):
                needed = [p for p in parameters_of(method, skip_first=True) if is_required(p)]
                if is_penalty(text) and len(needed) == 1:
                    yield _bound(value, text)


def _bound(cls: type, text: str) -> Any:
    def penalty(layer: Any) -> Any:
        return getattr(cls(), text)(layer)

    penalty.__name__ = f"{cls.__name__}.{text}"
    return penalty


def _slopes(at: _At, values: Mapping[str, Any], name: str, penalty: Any) -> Any:
    """The gradient of a penalty with respect to a parameter, by differences."""
    found = np.zeros(np.shape(values[name]))
    for index in np.ndindex(found.shape):
        ends: list[float] = []
        for step in (_STEP, -_STEP):
            moved = np.array(values[name], dtype=float)
            moved[index] += step
            ends.append(float(penalty(at.session({**values, name: moved}).object)))
        found[index] = (ends[0] - ends[1]) / (2 * _STEP)
    return found
