"""One layer, read: where its inputs go, what it is given beside them, where its gradients land.

A plan is made once, from a trial at small distinct sizes, so that a rule that is wrong at other
sizes cannot be read in another way there.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.adapters.calls import constants_of, gathers, roles_of_backward
from gradcheck.adapters.construction import Filling, Source, initialized, shapes_of
from gradcheck.adapters.forms import Form, form_of
from gradcheck.adapters.gradient_places import (
    fits_of_derivative,
    misshapen_of,
    order_of,
    outer_of,
    places_of_gradients,
)
from gradcheck.adapters.landing import (
    arrays_of,
    is_array,
    landed,
    listed_place,
    parameter_place,
    unasked,
)
from gradcheck.adapters.names import Names
from gradcheck.adapters.originals import Originals
from gradcheck.adapters.places import CHANGE, Place, evaluate
from gradcheck.adapters.randomness import generators_of, reproducible
from gradcheck.adapters.session import Session
from gradcheck.adapters.sources import mode_words
from gradcheck.adapters.style import Style
from gradcheck.adapters.words import is_shape
from gradcheck.answers import last_line, same
from gradcheck.errors import DeclarationError
from gradcheck.hints import said


def _cotangent(output: Any) -> Any:
    """Numbers that differ: ones are in the kernel of a softmax, and hide that a parameter moves."""
    return np.cos(np.arange(np.size(output), dtype=np.float64)).reshape(np.shape(output))[()]


def _is_jacobian(session: Session) -> bool:
    """Whether a derivative has an axis for each entry of its vector, and one for each output."""
    (output,) = session.outputs
    shape = np.shape(session.returned_gradients)
    return (
        np.ndim(output) == 1
        and len(shape) == len((*np.shape(output), 0))
        and (shape == (*np.shape(output), *np.shape(next(iter(session.given.values())))))
    )


#: What is raised for want of something else than of other sizes.
NOT_OF_SIZES = (NameError, OSError, ImportError, AttributeError)


#: So many ways to make a layer that runs forward, and not back, are tried.
_MOST_ONE_WAY = 6


class Plan:
    """How a layer is called and read; ``arguments`` are the declared inputs, in order.

    ``trials`` are pairs of sizes and values. Raises ``DeclarationError`` with what is missing.
    """

    def __init__(
        self,
        style: Style,
        names: Names,
        inputs: Sequence[str],
        differentiable: Sequence[str],
        trials: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
    ) -> None:
        if style.takes_all:
            kind = inspect.Parameter.POSITIONAL_ONLY
            style = replace(style, takes=tuple(inspect.Parameter(name, kind) for name in inputs))
        self.style, self.names = style, names
        self.inputs, self.differentiable = list(inputs), list(differentiable)
        #: The words for train and eval, where it is told one.
        self.mode_words = mode_words(style)
        self.filling = Filling(style, names, dict.fromkeys(inputs))
        self.originals = Originals()
        taken = [parameter.name for parameter in style.takes]
        self.forward_inputs = [name for name in taken if name in self.inputs]
        self.beside = [n for n in self.inputs if n not in taken and n not in self.filling.inputs]
        self.constants, self.packed = constants_of(style, names, self.inputs, bool(self.beside))
        self._require_places()
        self.gets = roles_of_backward(style, names, self.inputs)
        #: Found in the trial.
        self.way: dict[str, Source] = {}
        self.places: dict[str, Place] = {}
        self.forms: dict[str, Form] = {}
        self.initialize = ""
        self.runs_first = False
        self.output: Place | None = None
        self.outputs = 1
        self.many = False
        #: Whether the backward function is given all cotangents in one argument.
        self.gathers = False
        self.is_number = self.is_loss = self.is_floating = False
        #: Whether it raised at some of the sizes of the trial, and so may be of other dims.
        self.raised_at_some = False
        #: Whether the output had more axes than any input, as where a mask of images is broadcast.
        self.is_wider = False
        #: How many axes the output had.
        self.output_axes = 0
        #: Whether nothing came out, as of a window that is larger than what it is slid over, or an
        #: array that it holds has no entries, as of channels that are divided by more of them.
        self.is_empty = False
        #: Whether the output was finite in the trial.
        self.finite = True
        self.derivative_of = names.derivative_of
        #: Whether a derivative is that of a vector: a matrix.
        self.is_jacobian = False
        #: What a derivative was given in the trial where it was near the slopes of the function.
        self.derivative_fits: set[str] = set()
        self.gradients: dict[str, Place | None] = {}
        #: Inputs of the forward function whose gradient had another shape in the trial.
        self.misshapen: set[str] = set()
        #: Vectors of which the gradient is an outer product, so that a matrix may be meant.
        self.outer: set[str] = set()
        #: Gradients that nothing asks for: the place of a parameter, and that of its gradient.
        self.unasked: list[tuple[str, str]] = []
        self.trial_error = ""
        #: The attributes that the forward method leaves that hold arrays of an input's shape.
        self.attributes: set[str] = set()
        self.notes: list[str] = []
        functions = [f for f in (style.source, style.make) if f is not None]
        self.generators = generators_of(functions)
        self._try(trials)

    # ---- what goes where -----------------------------------------------------------------------

    def _require_places(self) -> None:
        if self.beside and self.style.make is None and not self.packed:
            taken = ", ".join(parameter.name for parameter in self.style.takes)
            raise DeclarationError(
                f"{self.style.name} has no input {self.beside[0]!r}; it takes {taken or 'nothing'}"
            )

    @property
    def cotangents(self) -> int:
        """How many cotangents the backward function takes."""
        return sum(role in ("cotangent", "optional") for _, role in self.gets)

    # ---- the trial -----------------------------------------------------------------------------

    def _try(self, trials: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
        error: Exception | None = None
        session: Session | None = None
        for bindings, values in reversed(trials):
            try:
                session = self._first(bindings, values)
                break
            except DeclarationError:
                raise
            except Exception as raised:
                error = error or raised
        self.raised_at_some = error is not None
        if session is None:
            assert error is not None
            raise DeclarationError(self._why(error)) from error
        for name, text in self.names.scale.items():
            try:
                evaluate(text, dict(bindings), shapes_of(values))
            except DeclarationError as error:
                raise DeclarationError(
                    f"{self.style.name}: names: scale: {name}: {error}"
                ) from None
        self._require_value(session)
        shapes = {np.shape(values[name]) for name in self.differentiable}
        self.attributes = {
            text
            for text, held in getattr(session.object, "__dict__", {}).items()
            if is_array(held) and np.shape(held) in shapes
        }
        with reproducible(self.generators), np.errstate(all="ignore"):
            try:
                if self.style.kind == "derivative" and not self.derivative_of:
                    self.derivative_fits = fits_of_derivative(self, session)
                    # One that is wrong is taken for one of the input, which most are.
                    of_output = self.derivative_fits == {"output"}
                    self.derivative_of = "output" if of_output else "input"
                session.run_backward([_cotangent(out) for out in session.outputs])
            except Exception as raised:
                # The rule will raise it again when it is checked.
                self.trial_error = last_line(raised)
                return
            self.is_jacobian = self.style.kind == "derivative" and _is_jacobian(session)
            self.gradients = places_of_gradients(self, session)
            self.misshapen = misshapen_of(self, session)
            self.outer = outer_of(self, session)
            self.notes += order_of(self)
            self._require_named(session)
            used = [place.text for place in self.gradients.values() if place is not None]
            self.unasked = unasked(
                session.object, session.returned_gradients, used, self.style.words
            )
            for _, text in self.unasked:
                self.notes.append(
                    f"{self.style.name} has a gradient in {text} that is not checked, since no "
                    "input of that name is declared"
                )
            if self.is_loss and any(role == "optional" for _, role in self.gets):
                self._give_loss_its_cotangent(session)

    @property
    def kept_output(self) -> tuple[str, str] | None:
        """What a class with a loss calls what its gradient is of, and where it keeps it.

        That is none of its inputs by name, and an attribute that is called as an output is.
        """
        called = [n for n, role in self.gets if role == "argument" and n not in self.inputs]
        if self.style.kind != "of inputs" or self.style.make is None or len(called) != 1:
            return None
        texts = [text for text in self.style.words.output if text in self.attributes]
        return (called[0], texts[0]) if texts else None

    def _require_value(self, session: Session) -> None:
        """A function without a backward function returns a number, and its gradients beside it."""
        if self.style.backward is None and np.size(session.outputs[0]) != 1:
            raise DeclarationError(
                f"{self.style.name}: what it returns is neither a value with its gradient, "
                "(loss, dx), nor is its backward function named: say it, "
                f'layer = ["{self.style.name}", "…"]'
            )

    def _require_named(self, session: Session) -> None:
        """What ``names`` says of gradients has to mean something."""
        for key in ("scale", "gradients"):
            for name in getattr(self.names, key):
                if name not in self.differentiable:
                    raise DeclarationError(
                        f"{self.style.name}: names: {key}: {name!r} is no input that is "
                        f"differentiated; they are {', '.join(self.differentiable)}"
                    )
        for name, text in self.names.gradients.items():
            place = Place.parse(text)
            if text != CHANGE and not landed(place, session.object, session.returned_gradients):
                raise DeclarationError(
                    f"{self.style.name}: names: gradients: that for {name!r} is said to lie in "
                    f"{text!r}, where there is nothing once the backward function has run"
                )

    def _why(self, error: Exception) -> str:
        what = last_line(error)
        if self.filling.unknown and not self.way:
            needed = ", ".join(self.filling.unknown)
            return (
                f"{self.style.name}: its constructor needs {needed}, and no sizes were found with "
                f"which it makes the declared parameters and runs ({what}); say what they are: "
                f"names({self.filling.line()})"
            )
        asked = "" if isinstance(error, NOT_OF_SIZES) else "; do the dims fit?"
        return (
            f"{self.style.name}: its forward function raises at every size that was tried: "
            f"{what}{asked}"
        )

    def _first(self, bindings: Mapping[str, Any], values: Mapping[str, Any]) -> Session:
        """A session that ran forward, with what was found on the way."""
        shapes = shapes_of(values)
        error: Exception | None = None
        ways = [self.way] if self.way else self.filling.ways(bindings, shapes)
        told = not self.way and any(map(is_shape, self.filling.unknown))
        one_way: list[tuple[dict[str, Source], str]] = []
        for way, initialize in self._beginnings(ways):
            try:
                session = self._begun(way, initialize, values, bindings)
            except DeclarationError as raised:
                error = raised
            except Exception as raised:
                error = raised if not isinstance(error, DeclarationError) else error
            else:
                # With shapes that it is told a layer may run forward, and not back.
                if not told or self._goes_back(session):
                    return session
                one_way.append((way, initialize))
                if len(one_way) == _MOST_ONE_WAY:
                    break
        if one_way:
            return self._begun(*one_way[0], values, bindings)
        self.way = {}
        assert error is not None
        raise error

    def _begun(
        self,
        way: dict[str, Source],
        initialize: str,
        values: Mapping[str, Any],
        bindings: Mapping[str, Any],
    ) -> Session:
        """A session that ran forward, of an object that is made in a way."""
        self.way, self.places, self.forms, self.runs_first = way, {}, {}, False
        self.originals = Originals()
        self.initialize = initialize
        with reproducible(self.generators), np.errstate(all="ignore"):
            self._find_parameters(values, bindings, shapes_of(values))
            session = Session(self, values, bindings)
            session.run_forward(values)
            self._find_outputs(session, values)
        return session

    def _goes_back(self, session: Session) -> bool:
        """Whether the backward function gives arrays of the shapes of all inputs that it is for."""
        with reproducible(self.generators), np.errstate(all="ignore"):
            try:
                session.run_backward([_cotangent(out) for out in session.outputs])
                self.gradients = places_of_gradients(self, session)
                misshapen = misshapen_of(self, session)
            except Exception:
                return False
        return misshapen.isdisjoint(self.forward_inputs)

    def _beginnings(
        self, ways: Iterable[dict[str, Source]]
    ) -> Iterator[tuple[dict[str, Source], str]]:
        """The ways to fill a constructor, without and with a method that is to be called next."""
        if self.style.make is None:
            yield {}, ""
            return
        methods = [
            text
            for text in self.style.words.initialize
            if not self.beside and callable(getattr(self.style.make, text, None))
        ]
        for way in ways:
            for text in ("", *methods):
                yield way, text

    def _find_parameters(
        self,
        values: Mapping[str, Any],
        bindings: Mapping[str, Any],
        shapes: Mapping[str, tuple[int, ...]],
    ) -> None:
        """Where the object keeps its parameters."""
        if self.style.make is None or self.packed:
            return
        inward = self.style.inward
        own = {name: inward(copy.deepcopy(value)) for name, value in values.items()}
        made = self.filling.make(self.way, own, bindings, shapes)
        for name in self.filling.inputs:
            place = listed_place(made, own[name], self.style.words)
            if place is not None:
                self.places[name] = place
        for name in self.beside:
            if name in self.names.parameters:
                self.places[name] = Place.parse(self.names.parameters[name])
        missing = [name for name in self.beside if name not in self.places]
        there = (self.places[name] for name in self.beside if name in self.places)
        self.runs_first = any(not landed(place, made, None) for place in there)
        if missing:
            made = self._with_parameters(made, missing, values, shapes)
        for name in missing:
            place = parameter_place(made, name, shapes[name], self.style.words)
            if place is None:
                raise DeclarationError(self._not_found(made, name, shapes[name]))
            self.places[name] = place
            shape = np.shape(place.read(made))
            form = form_of(shape, shapes[name]) if shape != shapes[name] else None
            if form is not None:
                self.forms[name] = form

    def _with_parameters(
        self,
        made: Any,
        missing: Sequence[str],
        values: Mapping[str, Any],
        shapes: Mapping[str, tuple[int, ...]],
    ) -> Any:
        """The object once it has its parameters: some make them when they first run."""

        def lacks() -> bool:
            for name in missing:
                place = parameter_place(made, name, shapes[name], self.style.words)
                if place is None or place.read(made) is None:
                    return True
            return False

        if not lacks():
            return made
        for text in self.style.words.initialize:
            method = getattr(made, text, None)
            if callable(method):
                with contextlib.suppress(Exception):  # it may need what the first call brings
                    initialized(made, text)
                if not lacks() and not self._makes_anew(made, missing, values, shapes):
                    self.initialize = text
                    return made
        self.runs_first = True
        session = Session.around(self, made)
        session.run_forward(values)
        return made

    def _makes_anew(
        self,
        made: Any,
        missing: Sequence[str],
        values: Mapping[str, Any],
        shapes: Mapping[str, tuple[int, ...]],
    ) -> bool:
        """Whether a first call makes parameters that are there already."""

        def held() -> list[Any]:
            words = self.style.words
            places = (parameter_place(made, name, shapes[name], words) for name in missing)
            return [place.read(made) for place in places if place is not None]

        before = held()
        with contextlib.suppress(Exception):  # it may run at other sizes alone
            Session.around(self, made).run_forward(values)
        return any(one is not other for one, other in zip(before, held(), strict=False))

    def _not_found(self, made: Any, name: str, shape: tuple[int, ...]) -> str:
        there = [
            f"{text} {np.shape(value)}" if is_array(value) else text
            for text, value in vars(made).items()
        ]
        return (
            f"{self.style.name}: no parameter {name!r} of shape {shape} was found on the object, "
            f"which has {', '.join(there) or 'no attributes'}; say where it lies: "
            f"names(parameters={{{name!r}: …}})"
        )

    def _find_outputs(self, session: Session, values: Mapping[str, Any]) -> None:
        returned = session.returned
        if returned is None and session.object is not None:
            given = [values[name] for name in self.forward_inputs]
            there: dict[str, bool] = {}
            for text in self.style.words.output:
                value: Any = getattr(session.object, text, None)
                if is_array(value):
                    there[text] = any(
                        np.shape(v) == np.shape(value) and np.all(v == value) for v in given
                    )
            # What is called so and is the input is the output where nothing else is: an identity.
            text = next(iter(sorted(there, key=lambda name: there[name])), "")
            if text and (not there[text] or text.startswith("out")):
                self.output = Place.parse(text)
            else:
                raise DeclarationError(
                    f"{self.style.name}: its forward method returns nothing, and no attribute "
                    "that holds its output was found; name it: names(output=…)"
                )
        answers = session.answers()
        self.many = isinstance(answers, tuple | list)
        found = list(answers) if isinstance(answers, tuple | list) else [answers]
        self.gathers = self.many and gathers(self.style, self.gets)
        most = len(found) if self.gathers else self.cotangents or 1
        self.outputs = min(len(found), most) if self.many else 1
        self.many = self.many and self.outputs > 1
        session.collect()
        most_axes = max((np.ndim(one) for one in values.values()), default=0)
        self.is_empty = any(
            np.size(out) == 0 for out in (*session.outputs, *arrays_of(session.object))
        )
        self.output_axes = max((np.ndim(out) for out in session.outputs), default=0)
        self.is_wider = any(np.ndim(out) > most_axes for out in session.outputs)
        if not all(is_array(out) for out in session.outputs):
            kinds = ", ".join(type(out).__name__ for out in session.outputs)
            raise DeclarationError(
                f"{self.style.name}: its forward function returns {kinds}; an array was expected"
            )
        self.finite = all(bool(np.all(np.isfinite(out))) for out in session.outputs)
        self.is_floating = all(np.asarray(out).dtype.kind == "f" for out in session.outputs)
        self.is_number = self.outputs == 1 and np.size(session.outputs[0]) == 1
        self.is_loss = self.is_number and any(
            np.size(values[name]) > 1 for name in self.differentiable
        )

    def _give_loss_its_cotangent(self, session: Session) -> None:
        """``backward(dout=1)``: give it one where it uses it, so that linearity is tested."""
        name = next((n for n in self.differentiable if self.gradients.get(n) is not None), None)
        if name is None:
            return
        before, roles = copy.deepcopy(session.gradient(name)), self.gets
        self.gets = [(n, "cotangent" if role == "optional" else role) for n, role in roles]
        try:
            session.run_forward(session.values)
            session.collect()
            session.run_backward([2 * np.ones_like(out) for out in session.outputs])
            ignored = same(session.gradient(name), before)
        except Exception:
            ignored = True
        if ignored:
            self.gets = roles
            self.notes.append(
                f"{self.style.name} ignores the cotangent that its backward function takes: right "
                "as long as nothing comes after the loss"
            )

    # ---- what a report says --------------------------------------------------------------------

    def where(self, name: str) -> str:
        """Where the gradient for a name lands, in words; empty where it was not found."""
        place = self.gradients.get(name)
        if place is None:
            return ""
        return f"the change of {self.places[name].text}" if place.text == CHANGE else place.text

    def missing(self, name: str) -> str:
        """What to say where no gradient was found."""
        if self.trial_error:
            return said(
                "{layer}: its backward function raises {error}",
                "{layer}：它的 backward 函数抛出 {error}",
                layer=self.style.name,
                error=self.trial_error,
            )
        return said(
            "{layer}: no gradient for {name!r} was found: not in what its backward function "
            "returns, in no attribute, list or dict, and the parameter is not changed; say where "
            "it lies, names(gradients={{{name!r}: …}}), or that none is wanted: "
            '{name}=real("…", differentiate=False)',
            "{layer}：没有找到 {name!r} 的梯度：不在 backward 的返回值里，也不在任何属性、列表或"
            "字典里，参数也没有被修改；请说明它在哪里 names(gradients={{{name!r}: …}})，"
            '或声明不需要：{name}=real("…", differentiate=False)',
            layer=self.style.name,
            name=name,
        )
