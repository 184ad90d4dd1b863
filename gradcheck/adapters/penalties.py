"""Weight decay inside of a backward function: ``self.dW = x.T @ dout + self.reg * self.W``.

What is added is no part of what the forward function returns. It is told from a mistake by a zero
cotangent, at which it alone is left: a number of the object, or twice that, times the parameter.
Where the object computes the penalty, by a method without arguments, it has to be its gradient.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.adapters.layers import plan_of, trials
from gradcheck.adapters.places import numbers_of
from gradcheck.adapters.randomness import reproducible
from gradcheck.adapters.session import Session
from gradcheck.adapters.settling import Reading
from gradcheck.adapters.style import is_required, parameters_of
from gradcheck.adapters.words import is_penalty, is_rate

#: Times a number of the object, for a penalty of half the square and of the whole.
_TIMES = ("", "2*")
#: Products of few numbers agree to this: no verdict rests on it.
_NEAR = 1e-12


def penalties(reading: Reading) -> dict[str, str]:
    """What is added to the gradients of parameters, in numbers of the object; often nothing."""
    assert reading.declared is not None
    plan = plan_of(reading.declared)
    if plan is None or plan.style.make is None or plan.trial_error or not plan.places:
        return {}
    (bindings, values) = trials(reading.declared, few=True)[-1]
    try:
        with reproducible(plan.generators):
            session = Session(plan, values, bindings)
            session.run_forward(values)
            session.run_backward([np.zeros_like(out) for out in session.collect()])
            added = {
                name: session.gradient(name) for name in plan.places if plan.gradients.get(name)
            }
            found = {n: _factor(session, values[n], one) for n, one in added.items() if np.any(one)}
            said = {name: text for name, text in found.items() if text}
            whole = len(said) == len(found) and _is_gradient(session, said)
    except Exception:
        return {}
    return said if whole else {}


def _factor(session: Session, value: Any, added: Any) -> str:
    """The number of the object that a parameter is multiplied with; empty where none is."""
    for name, number in numbers_of(session.object).items():
        for times in _TIMES if number and not is_rate(name) else ():
            factor = float(times.removesuffix("*") or 1) * number
            if np.shape(added) == np.shape(value) and np.all(
                np.abs(added - factor * value) <= _NEAR * np.abs(factor * value)
            ):
                return f"{times}{name}"
    return ""


def _is_gradient(session: Session, said: Mapping[str, str]) -> bool:
    """Whether it is the gradient of the penalty that the object computes, if it computes one."""
    return all(
        abs(measured - claimed) <= np.sqrt(_NEAR) * (abs(measured) + abs(claimed))
        for method in _methods(session.object)
        for measured, claimed in _slopes(session, method, said)
    )


def _methods(made: Any) -> Iterator[str]:
    for name, method in inspect.getmembers(type(made), inspect.isfunction):
        needed = [p for p in parameters_of(method, skip_first=True) if is_required(p)]
        if is_penalty(name) and not needed:
            yield name


def _slopes(
    session: Session, method: str, said: Mapping[str, str]
) -> Iterator[tuple[float, float]]:
    """The slope of a penalty along each parameter, and that which its gradient claims."""
    made, numbers = session.object, numbers_of(session.object)
    for name, text in said.items():
        place, value = session.plan.places[name], session.values[name]
        along = np.cos(np.arange(np.size(value), dtype=np.float64)).reshape(np.shape(value))
        ends: list[float] = []
        for step in (1.0, -1.0):  # of a square, a difference over any step is exact
            place.write(made, value + step * along)
            ends.append(float(getattr(made, method)()))
        place.write(made, value)
        times, _, number = text.rpartition("*")
        yield (
            (ends[0] - ends[1]) / 2,
            float(np.sum(along * value)) * float(times or 1) * numbers[number],
        )
