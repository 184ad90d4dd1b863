"""Where the gradients of a layer land, by a trial in which its backward function ran."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.adapters.landing import in_returned, is_array, landed, on_object
from gradcheck.adapters.places import CHANGE, Place
from gradcheck.adapters.session import Session

if TYPE_CHECKING:
    from gradcheck.adapters.plan import Plan

#: The step at which it is seen whether a derivative is one of x or of f(x): no verdict rests on it.
_STEP = 2.0**-12
#: Slopes on either side that differ by more of their size are those of a kink.
_BENT = 2.0**-6
#: A product has so many factors.
_PRODUCT = 2


def places_of_gradients(plan: Plan, session: Session) -> dict[str, Place | None]:
    """The place of each gradient; None where it was not found."""
    wanted = _wanted(plan)
    parameters = [name for name in plan.differentiable if name not in plan.forward_inputs]
    if plan.style.kind == "of inputs" or plan.style.backward is None:
        wanted = _value_inputs(session, wanted)
    returned = in_returned(
        session.returned_gradients, plan.forward_inputs, wanted, parameters, plan.style.source,
        plan.style.words, {name: np.shape(session.values[name]) for name in plan.differentiable},
    )  # fmt: skip
    return {name: _place(plan, session, name, returned.get(name)) for name in plan.differentiable}


def misshapen_of(plan: Plan, session: Session) -> set[str]:
    """The inputs whose gradient has another shape; of parameters, another number of entries."""
    found: set[str] = set()
    for name in plan.differentiable:
        if plan.gradients[name] is not None:
            with contextlib.suppress(AttributeError, KeyError, IndexError, TypeError):
                found_for, value = session.gradient(name), session.values[name]
                differs = np.size(found_for) != np.size(value)
                if name in plan.forward_inputs:
                    differs = np.shape(found_for) != np.shape(value)
                if differs and not plan.is_jacobian:
                    found.add(name)
    return found


def outer_of(plan: Plan, session: Session) -> set[str]:
    """The vectors that may be matrices by their gradients, where all inputs are vectors.

    ``x @ A @ x`` runs with a vector A, and its gradient for A is ``np.outer(x, x)``, of its length
    both ways; that for a vector that is multiplied with another is a number, where both may be
    matrices.
    """
    vectors = [session.values[name] for name in plan.differentiable]
    if len(vectors) == 1 or any(np.ndim(value) != 1 for value in vectors):
        return set()
    shapes = {name: np.shape(session.gradient(name)) for name in plan.misshapen}
    twice = {n: np.shape(session.values[n]) * 2 for n in shapes}
    square = {name for name, shape in shapes.items() if shape == twice[name]}
    numbers = {name for name, shape in shapes.items() if shape == ()}
    return square | (numbers if len(numbers) >= _PRODUCT else set())


def order_of(plan: Plan) -> list[str]:
    """What to say where gradients are returned in another order than their inputs are taken in."""
    wanted = _wanted(plan)
    places = ((n, place) for n in wanted if (place := plan.gradients[n]) is not None)
    found = [(place.positions, n) for n, place in places if place.positions]
    order = [name for _, name in sorted(found)]
    if order == [name for name in wanted if name in order]:
        return []
    return [
        f"{plan.style.name} returns its gradients in the order {', '.join(order)}, as its "
        f"variables are called, and takes {', '.join(wanted)}"
    ]


def fits_of_derivative(plan: Plan, session: Session) -> set[str]:
    """Of what a derivative is given, ``"input"`` or ``"output"``: that at which it fits."""
    (name, *_) = plan.forward_inputs
    values = session.values
    x = np.asarray(values[name], dtype=np.float64)
    at: list[Any] = []
    for step in (_STEP, -_STEP, 0.0):
        session.run_forward({**values, name: x + step} if step else values)
        at.append(np.array(session.collect()[0], dtype=np.float64))
    after, before, here = at
    slopes = (after - before) / (2 * _STEP)
    smooth = np.abs(after - 2 * here + before) <= _BENT * _STEP * (1 + np.abs(slopes))
    fits: set[str] = set()
    for argument in ("input", "output"):
        plan.derivative_of = argument
        with contextlib.suppress(Exception):
            session.run_backward(())
            apart = np.abs(session.returned_gradients - slopes) / (1 + np.abs(slopes))
            # The largest: ELU's is 1 for positive ones, of whichever it is one.
            if float(np.max(apart[smooth], initial=0.0)) < _STEP:
                fits.add(argument)
    return fits


def _wanted(plan: Plan) -> list[str]:
    return [name for name in plan.forward_inputs if name in plan.differentiable]


def _value_inputs(session: Session, wanted: Sequence[str]) -> list[str]:
    """Of a value with its gradient, the inputs that it may be for, the likeliest first."""
    found = session.returned_gradients
    same = [n for n in wanted if is_array(found) and np.shape(session.values[n]) == np.shape(found)]
    return same or list(wanted)


def _place(plan: Plan, session: Session, name: str, returned: Place | None) -> Place | None:
    if name in plan.names.gradients:
        return Place.parse(plan.names.gradients[name])
    if landed(returned, session.object, session.returned_gradients):
        return returned
    if session.object is None:
        return None
    parameter = plan.places.get(name)
    place = on_object(session.object, name, plan.places, plan.style.words)
    if place is None and [name] == _wanted(plan):
        # The only input: its gradient may be called after what inputs are called in general.
        texts = [Place.parse(text) for text in plan.style.words.input_gradient]
        place = next((one for one in texts if landed(one, session.object, None)), None)
    if place is None and list(plan.places) == [name]:
        # The only parameter: its gradient may be called a gradient, and no more.
        shape = np.shape(session.values[name])
        texts = [Place.parse(text) for text in plan.style.words.gradients]
        held = [one for one in texts if landed(one, session.object, None)]
        place = next((one for one in held if np.shape(one.read(session.object)) == shape), None)
    if place is None and parameter is not None and session.moved(name):
        return Place.parse(CHANGE)
    return place
