"""One evaluation of a layer: a fresh object, copies of everything, forward, backward, gradients."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.adapters.activation import ACTIVATIONS, SLOPES
from gradcheck.adapters.construction import initialized, rate_for, shapes_of
from gradcheck.adapters.landing import is_array
from gradcheck.adapters.places import CHANGE, RETURNED
from gradcheck.adapters.standins import RATE, Activation, Recorder
from gradcheck.adapters.style import is_required, parameters_of
from gradcheck.adapters.words import (
    EVAL,
    Words,
    first,
    is_activation,
    is_logits,
    is_rate,
    mode_value,
)
from gradcheck.answers import gathered, same

if TYPE_CHECKING:
    from gradcheck.adapters.plan import Plan


#: The dtype of everything that is checked.
FLOAT64 = "float64"


class Context:
    """What ``forward(ctx, …)`` is given to keep things in for ``backward(ctx, …)``."""

    def __init__(self) -> None:
        self.saved_tensors: tuple[Any, ...] = ()
        self.needs_input_grad: tuple[bool, ...] = (True,) * 64

    def save_for_backward(self, *values: Any) -> None:
        """Keep some arrays."""
        self.saved_tensors = self.saved_values = values

    save = save_for_backward

    def mark_dirty(self, *values: Any) -> None:
        """Nothing: arrays are copies."""

    def mark_non_differentiable(self, *values: Any) -> None:
        """Nothing: which outputs are differentiated is declared."""

    def set_materialize_grads(self, value: bool) -> None:
        """Nothing: every cotangent is given."""


class Session:
    """One object, and what it was given and gave."""

    def __init__(
        self,
        plan: Plan,
        values: Mapping[str, Any],
        bindings: Mapping[str, Any],
        *,
        dtype: str = FLOAT64,
    ) -> None:
        self.plan = plan
        self.object: Any = None
        self.values: dict[str, Any] = {}
        self.given: dict[str, Any] = {}
        self.cotangents: list[Any] = []
        self.returned: Any = None
        self.returned_gradients: Any = None
        self.outputs: list[Any] = []
        self.context = Context()
        self.rate = RATE
        self.dtype = dtype
        self.configuration: dict[str, Any] = {}
        self.taken_along: dict[str, dict[Any, Any]] = {}
        if plan.style.make is not None:
            self._make(values, bindings)
        elif plan.names.mode == EVAL:
            self._train(values)

    @classmethod
    def around(cls, plan: Plan, made: Any) -> Session:
        """A session of an object that is there."""
        session = cls.__new__(cls)
        session.plan, session.object, session.context = plan, made, Context()
        session.values, session.given, session.cotangents, session.outputs = {}, {}, [], []
        session.returned = session.returned_gradients = None
        session.rate, session.dtype = RATE, FLOAT64
        session.configuration, session.taken_along = {}, {}
        return session

    def _make(self, values: Mapping[str, Any], bindings: Mapping[str, Any]) -> None:
        plan = self.plan
        own = {name: self._inside(values[name]) for name in plan.filling.inputs}
        shapes = shapes_of(values)
        with plan.style.around(self.dtype):
            if own:
                self.object = plan.filling.make(plan.way, own, bindings, shapes)
            else:
                self.object = plan.originals.fresh(
                    repr((self.dtype, bindings, shapes)),
                    lambda: plan.filling.make(plan.way, own, bindings, shapes),
                )
        if plan.initialize:
            initialized(self.object, plan.initialize)
        if plan.runs_first:
            self.run_forward(values)
            self.flush()
        if plan.names.mode == EVAL:
            self._train(values)
        self._switch(plan.names.mode)
        self.put(values)

    def _switch(self, mode: str) -> None:
        """Put the object into a mode: by its flags, and by a method of that name."""
        for name in list(vars(self.object)) if hasattr(self.object, "__dict__") else []:
            if (value := mode_value(name, mode, self.plan.mode_words)) is not None:
                setattr(self.object, name, value)
        switch = getattr(self.object, mode or "train", None)
        if callable(switch) and not any(map(is_required, parameters_of(switch))):
            switch()

    def _train(self, values: Mapping[str, Any]) -> None:
        """Run forward in train mode once: running statistics of 0 and 1 would hide mistakes.

        What a dict of settings takes along is kept for the next call.
        """
        if self.object is not None:
            self._switch("")
        self.put(values)
        others = {name: _other(value) for name, value in values.items()}
        with contextlib.suppress(Exception):  # then it is tried as it is
            self.run_forward(others, mode="")
        self.taken_along = {n: v for n, v in self.configuration.items() if isinstance(v, dict)}
        if self.object is not None:
            self.flush()

    def put(self, values: Mapping[str, Any]) -> None:
        """Give the object its parameters."""
        for name in self.plan.beside:
            if name in self.plan.places:
                self.plan.places[name].write(self.object, self._inside(self._kept(name, values)))

    def restore(self, values: Mapping[str, Any]) -> None:
        """Give the object its parameters again, those of its constructor too."""
        for name, place in self.plan.places.items():
            place.write(self.object, self._inside(self._kept(name, values)))

    def _kept(self, name: str, values: Mapping[str, Any]) -> Any:
        """The value of a parameter in the form in which the object keeps it."""
        form = self.plan.forms.get(name)
        return values[name] if form is None else form.kept(values[name])

    def _inside(self, value: Any) -> Any:
        """A copy of a value, as the layer has arrays, in the dtype of the session."""
        if self.dtype != FLOAT64 and getattr(value, "dtype", None) == np.float64:
            return self.plan.style.inward(value.astype(self.dtype))
        return self.plan.style.inward(copy_of(value))

    def _passed(self, name: str, value: Any) -> Any:
        """What the forward function is given for an input: a loss may follow an activation."""
        through = self.plan.names.through
        if through and name in self.plan.differentiable:
            return self.plan.style.inward(ACTIVATIONS[through](value))
        return self._inside(value)

    # ---- forward -----------------------------------------------------------------------------

    def run_forward(self, values: Mapping[str, Any], *, mode: str | None = None) -> None:
        """Call the forward function with copies, in a mode other than that of its names."""
        plan = self.plan
        self.values = dict(values)
        self.given = {name: self._passed(name, values[name]) for name in plan.forward_inputs}
        arguments = {**copy.deepcopy(plan.constants), **self.given}
        if plan.packed:
            self.given[plan.packed] = arguments[plan.packed] = {
                name: self._inside(values[name]) for name in plan.beside
            }
        arguments = self._in_mode(arguments, plan.names.mode if mode is None else mode)
        self.configuration = dict(arguments)
        by_position: list[Any] = [self.context] if plan.style.has_context else []
        for parameter in plan.style.takes:
            if parameter.kind is parameter.POSITIONAL_ONLY and parameter.name in arguments:
                by_position.append(arguments.pop(parameter.name))
        with plan.style.around(self.dtype):
            self.returned = _call(plan.style.forward(self.object), by_position, arguments)

    def _in_mode(self, arguments: dict[str, Any], mode: str) -> dict[str, Any]:
        """Arguments with the flags and words of a mode, where it is not that which is usual."""
        plan, found = self.plan, dict(arguments)
        for name, given in arguments.items() if plan.names.mode == EVAL else ():
            value = None if name in plan.names.call else mode_value(name, mode, plan.mode_words)
            if value is not None:
                found[name] = value
            elif isinstance(given, dict) and name != plan.packed:
                told = {key: mode_value(str(key), mode, plan.mode_words) for key in given}
                found[name] = {**given, **self.taken_along.get(name, {})}
                found[name] |= {key: value for key, value in told.items() if value is not None}
        return found

    def answers(self) -> Any:
        """What the forward function answered, without what it keeps for the backward function."""
        plan, returned = self.plan, self.returned
        if plan.output is not None:
            return plan.output.read(self.object)
        if plan.style.backward is None:
            return returned[plan.style.value_at]
        if plan.style.returns_cache:
            kept = plan.style.cache_at % len(returned)
            rest = (*returned[:kept], *returned[kept + 1 :])
            return rest[0] if len(rest) == 1 else rest
        return returned

    def collect(self) -> list[Any]:
        """The outputs, one for each cotangent."""
        plan = self.plan
        answers = self.answers()
        parts = list(answers) if isinstance(answers, tuple | list) else [answers]
        self.outputs = [_number(plan.style.outward(part)) for part in parts[: plan.outputs]]
        return self.outputs

    # ---- backward ----------------------------------------------------------------------------

    def run_backward(self, cotangents: Sequence[Any]) -> None:
        """Call the backward function with copies."""
        plan = self.plan
        if plan.style.backward is None:
            value_at = plan.style.value_at
            rest = [part for k, part in enumerate(self.returned) if k != value_at]
            self.returned_gradients = rest[0] if len(rest) == 1 else rest
            return
        self.cotangents = [self._inside(cotangent) for cotangent in cotangents]
        self._set_rate(rate_for(cotangents))
        # All of them in one argument, or each in its own.
        left = [tuple(self.cotangents)] if plan.gathers else list(self.cotangents)
        arguments: dict[str, Any] = {}
        for name, role in plan.gets:
            match role:
                case "cotangent":
                    arguments[name] = left.pop(0) if left else None
                case "optional" if not plan.is_loss:
                    arguments[name] = left.pop(0) if left else None
                case "cache":
                    arguments[name] = self.returned[plan.style.cache_at]
                case "input":
                    arguments[name] = self._input(name)
                case "argument":
                    arguments[name] = self._argument(name)
                case "output":
                    arguments[name] = self._inside(self.outputs[0])
                case "rate":
                    arguments[name] = self.rate
                case "optimizer":
                    arguments[name] = Recorder()
                case "constant":
                    arguments[name] = plan.names.call[name]
                case "mode":
                    arguments[name] = mode_value(name, plan.names.mode, plan.mode_words)
        by_position: list[Any] = [self.context] if plan.style.has_context else []
        for parameter in plan.style.gets:
            if parameter.kind is parameter.POSITIONAL_ONLY and parameter.name in arguments:
                by_position.append(arguments.pop(parameter.name))
        with plan.style.around(self.dtype):
            answer = _call(plan.style.backward(self.object), by_position, arguments)
            self.returned_gradients = gathered(answer)
            self._ask_for_parameters()

    def _set_rate(self, rate: float) -> None:
        self.rate = Recorder.rate = rate
        for name in list(getattr(self.object, "__dict__", ())):
            if is_rate(name):
                setattr(self.object, name, rate)

    def _ask_for_parameters(self) -> None:
        """Methods that give the gradients of parameters from inputs and cotangents."""
        for text in self.plan.style.words.parameter_gradients:
            method = getattr(self.object, text, None)
            if callable(method):
                code = getattr(method, "__code__", None)
                taken = code.co_varnames[1 : code.co_argcount] if code else ()
                left = list(self.cotangents)
                arguments = {n: self._input(n) if n in self.values else left.pop(0) for n in taken}
                if arguments:
                    gradients = method(**arguments)
                    self.returned_gradients = [self.returned_gradients, gradients]

    def _input(self, name: str) -> Any:
        return self.given[name] if name in self.given else self._inside(self.values[name])

    def _argument(self, name: str) -> Any:
        """What a derivative is given: the input, the output, or an input of that name."""
        plan = self.plan
        if name not in self.given and is_activation(name):
            return Activation(ACTIVATIONS[plan.names.through], SLOPES[plan.names.through])
        if plan.names.through and name not in self.given and is_logits(name):
            return self._inside(self.values[plan.differentiable[0]])
        if plan.style.kind == "of inputs":
            kept = plan.kept_output if plan.derivative_of == "output" else None
            if kept is not None and kept[0] == name:
                return copy_of(getattr(self.object, kept[1]))
            return self._input(name) if name in self.values else self._input(self._nth(name))
        if plan.derivative_of == "output":
            return self._inside(self.outputs[0])
        return self._input(plan.forward_inputs[0])

    def _nth(self, name: str) -> str:
        position = [parameter.name for parameter in self.plan.style.gets].index(name)
        return self.plan.forward_inputs[position]

    # ---- gradients ---------------------------------------------------------------------------

    def gradient(self, name: str) -> Any:
        """The gradient that was found for a name.

        Raises ``AttributeError``, ``KeyError``, ``IndexError`` or ``TypeError`` where it no longer
        lies where it did.
        """
        place = self.plan.gradients[name]
        assert place is not None
        if place.text == CHANGE:
            before = self._kept(name, self.values)
            after = self.plan.style.outward(self.plan.places[name].read(self.object))
            found = (before - after) / (self.rate if self._has_rate() else 1.0)
        else:
            found = place.read(self.object, self.returned_gradients)
            if isinstance(found, list) and place.text == RETURNED:
                found = np.stack([self.plan.style.outward(part) for part in found])
            found = self.plan.style.outward(found)
        form = self.plan.forms.get(name)
        return found if form is None else form.declared(found, self.values[name])

    def _has_rate(self) -> bool:
        """Whether anything was told at which rate to step."""
        held = getattr(self.object, "__dict__", {})
        sources = (source.value for source in self.plan.way.values())
        told = any(role in ("rate", "optimizer") for _, role in self.plan.gets)
        return (
            told
            or any(map(is_rate, held))
            or any(isinstance(one, Recorder) for one in (*held.values(), *sources))
        )

    def moved(self, name: str) -> bool:
        """Whether a parameter has another value than it was given."""
        now = self.plan.style.outward(self.plan.places[name].read(self.object))
        return not same(now, self._kept(name, self.values))

    def side_effects(
        self, name: str, cotangents: Sequence[Any], values: Mapping[str, Any]
    ) -> Iterator[str]:
        """What the layer, called ``name``, has written into that it was only given to read."""
        plan = self.plan
        for input_ in plan.forward_inputs:
            # That a dict of settings takes running means along is a convention.
            given = plan.style.outward(self.given[input_])
            if plan.names.through or not is_array(values[input_]):
                continue
            if not same(given, values[input_]):
                yield f"{name} writes into its input {input_!r}, which others may still use"
        for given, cotangent in zip(self.cotangents, cotangents, strict=False):
            if not same(plan.style.outward(given), cotangent):
                yield (
                    f"the backward function of {name} writes into the cotangent it is given, which "
                    "another branch may still use"
                )
        for parameter in plan.places:
            place = plan.gradients.get(parameter)
            if place is not None and place.text != CHANGE and self.moved(parameter):
                yield f"{name} changes its parameter {parameter!r}"

    def flush(self) -> bool:
        """Empty the gradients, where the object or what it holds has a method for that."""
        words = self.plan.style.words
        held = [self.object, *_held_by(self.object)]
        found = [
            next(((one, text) for text in texts if callable(getattr(one, text, None))), None)
            for one in held
            for texts in [
                words.flush + words.emptied * (first(words.gradient_key, one) is not None)
            ]
        ]
        if found[0] is not None:
            found = found[:1]
        for one, text in filter(None, found):
            getattr(one, text)()
        if any(one is not None for one in found):
            return True
        return _emptied(held[1:], words)


def _call(function: Any, by_position: Sequence[Any], arguments: Mapping[str, Any]) -> Any:
    try:
        return function(*by_position, **arguments)
    except SystemExit as error:
        raise RuntimeError(f"it ends the program (exit code {error.code})") from None


def _held_by(made: Any) -> list[Any]:
    """What an object holds: parameters that are objects too, in attributes, lists and dicts."""
    found: list[Any] = []
    for value in list(getattr(made, "__dict__", {}).values()):
        match value:
            case dict():
                found += value.values()
            case list() | tuple():
                found += value
            case _:
                found.append(value)
    return found


def _emptied(holders: Sequence[Any], words: Words) -> bool:
    """Empty the gradients that lie in objects beside their parameters; whether there are any.

    ``for p in parameters: p.d.fill(0)`` is for whoever takes steps, and no part of a layer.
    """
    found = False
    for one in holders:
        key, value = first(words.gradient_key, one), first(words.value_key, one)
        if key is None or value is None:
            continue
        if isinstance(getattr(one, key), np.ndarray):
            setattr(one, key, np.zeros_like(getattr(one, key)))
            found = True
    return found


def _number(value: Any) -> Any:
    return np.float64(value) if isinstance(value, float) else value


def _other(value: Any) -> Any:
    """Numbers between 0 and 1 in the place of an array of others, the same for all of its shape."""
    if getattr(value, "dtype", None) != np.float64:
        return value
    entries = 0.5 + 0.4 * np.cos(np.arange(np.size(value), dtype=np.float64))
    return entries.reshape(np.shape(value))[()]


def copy_of(value: Any) -> Any:
    """A copy that a layer may change; an array keeps its class."""
    return value.copy() if isinstance(value, np.ndarray) else copy.deepcopy(value)
