"""What the grader may ask of a submission: a function by name, or a layer in any convention.

The parts of ``gradcheck.adapters`` that read a layer run here, beside what a student wrote; the
grader sends the sizes and values of the trial, and sees arrays alone.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import numpy as np

from gradcheck.adapters.conventions import candidates, style_of
from gradcheck.adapters.names import Names
from gradcheck.adapters.places import evaluate
from gradcheck.adapters.plan import Plan
from gradcheck.adapters.randomness import reproducible
from gradcheck.adapters.session import Session
from gradcheck.adapters.style import Style, parameters_of
from gradcheck.adapters.words import gradient_names, is_parameter, layer_word
from gradcheck.answers import gathered, last_line, same
from gradcheck.errors import DeclarationError

#: The names of a module that are shown where one is missing.
_MOST_NAMES = 8


class Missing(Exception):
    """What the assignment asks for is not there, or cannot be called as it says."""


class Absent(Missing):
    """A name that is not there."""


@dataclass(frozen=True)
class Wanted:
    """What the assignment asks for: data, which crosses the border.

    A function: its name, the parameters that it is called with, and the inputs for which it returns
    gradients, if it does. A layer: the names of one class or of two functions, how it is read, and
    the inputs of the derivation that it belongs to.
    """

    names: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    gradients: tuple[str, ...] = ()
    is_layer: bool = False
    how: Mapping[str, Any] = field(default_factory=dict)
    differentiable: tuple[str, ...] = ()


def found(module: ModuleType, wanted: Wanted, trials: Sequence[Any] = ()) -> Function | Layer:
    """What is asked for; raises ``Missing``."""
    if wanted.is_layer:
        return Layer(_layer(module, wanted.names), wanted, trials)
    return Function(_named(module, wanted.names[0]), wanted)


def _layer(module: ModuleType, names: tuple[str, ...]) -> tuple[Any, ...]:
    """The class or functions of these names, or what is called so in another convention."""
    try:
        return tuple(_named(module, name) for name in names)
    except Missing:
        words = {layer_word(name) for name in names}
        near = [
            objects for objects in candidates(vars(module))
            if {layer_word(getattr(one, "__name__", "")) for one in objects} == words
        ]  # fmt: skip
        if len(near) != 1:
            raise
        return near[0]


def _named(module: ModuleType, name: str) -> Any:
    value: Any = module
    for part in name.split("."):
        value = getattr(value, part, None)
    if value is None:
        own = [n for n, v in vars(module).items() if callable(v) and not n.startswith("_")]
        own = [n for n in own if getattr(vars(module)[n], "__module__", "") == module.__name__]
        there = f"; it defines {', '.join(own[:_MOST_NAMES])}" if own else ""
        raise Absent(f"there is no {name!r} in the submission{there}")
    if not callable(value):
        raise Missing(f"{name!r} is no function but a {type(value).__name__}")
    return value


def place_of(value: Any) -> int:
    """The line at which a function or class stands; 0 where that is not known."""
    with contextlib.suppress(Exception):
        code = getattr(inspect.unwrap(value), "__code__", None)
        return int(code.co_firstlineno) if code else int(inspect.getsourcelines(value)[1])
    return 0


class Function:
    """A function of the submission, called as the assignment says."""

    def __init__(self, function: Any, wanted: Wanted) -> None:
        self.function, self.wanted = function, wanted
        self.gradients = wanted.gradients
        self.line = place_of(function)
        self.by_name = self._takes_names()
        #: What calls of it showed that it should not do.
        self.remarks: list[str] = []

    def _takes_names(self) -> bool:
        """Whether it has parameters of all the names; else it is called by position."""
        name, given = self.wanted.names[0], self.wanted.parameters
        try:
            signature = inspect.signature(self.function)
        except (TypeError, ValueError):
            return False
        parameters = signature.parameters
        kinds = {parameters[n].kind for n in given if n in parameters}
        if all(n in parameters for n in given) and inspect.Parameter.POSITIONAL_ONLY not in kinds:
            with contextlib.suppress(TypeError, ValueError):
                signature.bind(**dict.fromkeys(given))
                # A decorator may take them by position alone, whatever the function inside takes.
                outer = inspect.signature(self.function, follow_wrapped=False)
                outer.bind(**dict.fromkeys(given))
                return True
        try:
            signature.bind(*given)
        except TypeError:
            raise Missing(
                f"{name}{signature} cannot be called as {name}({', '.join(given)}), which the "
                "assignment asks for"
            ) from None
        return False

    def __call__(self, arguments: Sequence[Any]) -> Any:
        """The raw answer; remarks say which arguments were changed in place."""
        given = [_copy(value) for value in arguments]
        names = self.wanted.parameters
        answer = self.called(given)
        for name, before, after in zip(names, arguments, given, strict=True):
            if not same(before, after):
                _add(
                    self.remarks,
                    f"{self.wanted.names[0]} changes its argument {name!r} in place, which spoils "
                    "it for everything else that uses it; work on a copy",
                )
        return answer

    def called(self, given: Sequence[Any]) -> Any:
        """The raw answer, and no look at what became of the arguments."""
        if self.by_name:
            answer = self.function(**dict(zip(self.wanted.parameters, given, strict=True)))
        else:
            answer = self.function(*given)
        if isinstance(answer, Mapping):
            return self._in_order(answer)
        return self._flat(gathered(answer))

    def _flat(self, answer: Any) -> Any:
        """Gradients in one array, or those of the parameters in a list: ``dx, [dW, db]``."""
        wanted = len(self.gradients)
        if wanted > 1 and isinstance(answer, np.ndarray) and answer.shape[:1] == (wanted,):
            # What unpacks to the gradients, as dp, dt = np.stack([r, -r]) does.
            return tuple(answer)
        if not isinstance(answer, tuple | list) or wanted < 2 or len(answer) >= wanted:
            return answer
        parts = [part if isinstance(part, tuple | list) else (part,) for part in answer]
        flat = tuple(itertools.chain.from_iterable(parts))
        return flat if len(flat) == wanted else answer

    def _in_order(self, answer: Mapping[Any, Any]) -> Any:
        """Gradients that are returned by their names, as ``grads["dW"]``."""
        found = []
        for name in self.gradients:
            key = next((one for one in (*gradient_names(name), name) if one in answer), None)
            if key is None:
                keys = ", ".join(map(str, list(answer)[:_MOST_NAMES]))
                raise Missing(
                    f"{self.wanted.names[0]} returns a dict without a gradient for {name!r}, such "
                    f"as d{name}; it has {keys}"
                )
            found.append(answer[key])
        return tuple(found) if len(found) > 1 else found[0] if found else answer


class Layer:
    """A layer of the submission: a class or a pair of functions, read by its convention."""

    def __init__(self, objects: tuple[Any, ...], wanted: Wanted, trials: Sequence[Any]) -> None:
        self.names = Names(**wanted.how)
        self.line = place_of(objects[0])
        try:
            style = style_of(objects, self.names)
            #: What the layer calls each input.
            self.own = _own_names(wanted.parameters, style)
            by_input: Any = {key: self._renamed(getattr(self.names, key)) for key in _BY_INPUT}
            self.names = replace(self.names, **by_input)
            self.plan = Plan(
                style,
                self.names,
                [self.own[name] for name in wanted.parameters],
                [self.own[name] for name in wanted.differentiable],
                [(sizes, self._renamed(values)) for sizes, values in trials],
            )
        except DeclarationError as error:
            raise Missing(str(error)) from None
        #: What calls of it showed that it should not do.
        self.remarks: list[str] = []

    def __call__(self, arguments: Sequence[Any]) -> Any:
        """``(input, cotangents, sizes, values)`` gives the gradient for that input.

        With an empty input, the outputs.
        """
        name, cotangents, sizes, values = arguments
        plan, values, name = self.plan, self._renamed(values), self.own.get(name, name)
        with reproducible(plan.generators):
            session = Session(plan, values, sizes)
            session.run_forward(values)
            outputs = session.collect()
            if not name:
                return tuple(outputs) if plan.outputs > 1 else outputs[0]
            session.run_backward(cotangents)
            with contextlib.suppress(Exception):  # they are advice, and cost nothing
                for text in session.side_effects(self.plan.style.name, cotangents, values):
                    _add(self.remarks, text)
        place = plan.gradients.get(name)
        if place is None:
            raise Missing(plan.missing(name))
        try:
            answer = session.gradient(name)
        except (AttributeError, KeyError, IndexError, TypeError):
            raise Missing(
                f"the gradient for {name!r} was in {plan.where(name)} at other sizes, but is not "
                "there now"
            ) from None
        return self._scaled(name, answer, cotangents, sizes, values)

    def _renamed(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """By what the layer calls the inputs."""
        return {self.own.get(name, name): value for name, value in given.items()}

    def _scaled(
        self,
        name: str,
        answer: Any,
        cotangents: Sequence[Any],
        sizes: Mapping[str, Any],
        values: Mapping[str, Any],
    ) -> Any:
        """With the cotangent that it was not given, and without a scale that is its convention."""
        if answer is None:
            return None
        passed = {"cotangent"} if self.plan.is_loss else {"cotangent", "optional"}
        if not any(role in passed for _, role in self.plan.gets):
            factor = cotangents[0]
            answer = answer * (np.reshape(factor, ())[()] if np.size(factor) == 1 else factor)
        scale = self.names.scale.get(name)
        if scale is not None:
            shapes = {n: np.shape(v) for n, v in values.items() if hasattr(v, "shape")}
            answer = answer / evaluate(scale, dict(sizes), shapes)
        return answer


#: What ``Names`` says of single inputs.
_BY_INPUT = ("parameters", "gradients", "scale")


def _own_names(inputs: Sequence[str], style: Style) -> dict[str, str]:
    """What a forward function calls the inputs: the same but for case, or by position.

    What it does not take are parameters that it keeps elsewhere, found by their names: where it
    takes fewer than there are, those that the constructor takes are not among them, nor are those
    that are called like parameters.
    """
    taken = [one.name for one in style.takes]
    made_with = {one.name.lower() for one in parameters_of(style.make)} if style.make else set()
    own = {name: name for name in inputs if name in taken}
    for name in inputs:
        near = [one for one in taken if one.lower() == name.lower() and one not in own.values()]
        if name not in own and len(near) == 1:
            own[name] = near[0]
    left = [name for name in inputs if name not in own]
    free = [name for name in taken if name not in own.values()]
    if len(left) > len(free):
        left = [name for name in left if name.lower() not in made_with]
    if len(left) > len(free):
        left = [name for name in left if not is_parameter(name)]
    if left and len(left) == len(free):
        own |= dict(zip(left, free, strict=True))
    return {name: own.get(name, name) for name in inputs}


def _add(remarks: list[str], text: str) -> None:
    if text not in remarks:
        remarks.append(text)


def said(error: BaseException) -> str:
    """An exception of the submission in one line."""
    if isinstance(error, Missing):
        return str(error)
    if isinstance(error, SystemExit):
        return f"it ends the program (exit code {error.code})"
    return f"it raises {last_line(error)}"


def _copy(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_copy(part) for part in value)
    return value.copy() if isinstance(value, np.ndarray) else value
