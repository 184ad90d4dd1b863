"""``from_submission``: a rule that stands in what a student hands in, named in a derivation file.

In a student's own folder it is the student's function, loaded from the submission beside the
derivations. While a submission is graded it is a stand-in that sends its arguments to the process
that runs the submission, and returns plain arrays; nothing of the submission is loaded here.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, Protocol

import numpy as np

from gradcheck.adapters.names import Names
from gradcheck.case import Case
from gradcheck.claims import NAMESPACE, Derivation, Rule
from gradcheck.coursework.own_folder import own_function, own_layer
from gradcheck.coursework.protocol import Failure
from gradcheck.errors import DeclarationError, InputError
from gradcheck.evaluation import Arguments
from gradcheck.oracle.rounding import Jittered, moved
from gradcheck.report.figures import one_line, printable
from gradcheck.returned import Violation

#: A right answer has at most so many numbers, where nothing else is known of it: no array that is
#: drawn has more.
USUAL_SIZE = 4096

Function = Callable[..., Any]


#: What an answer at a case may be off by in rounding: of numbers of a size, no closer than what is
#: sought; 0 where that is not known.
Bound = Callable[[Case, float, float], float]


class Respondent(Protocol):
    """What answers for a submission while it is graded."""

    def ask(self, submitted: Submitted, calls: Sequence[tuple[Any, ...]], size: int) -> list[Any]:
        """The answers to some calls, of ``size`` numbers each if they are right."""


@dataclass
class _Grading:
    """What ``from_submission`` does in this process."""

    #: The stand-ins that were made, while an assignment is loaded.
    collected: list[Submitted] | None = None
    respondent: Respondent | None = None
    #: What is known of the rounding of its answers: at a case, of numbers of a size, as is sought.
    bound: Bound | None = None
    #: The calls that are overheard, and the number of the last one that is of interest.
    heard: list[tuple[Any, ...]] | None = None
    last: int | None = None
    #: Whose call the last one was.
    caller: Submitted | None = None


class _Heard(BaseException):
    """Ends what was only called to be overheard; no ``except Exception`` of a teacher's."""


_grading = _Grading()


@contextlib.contextmanager
def collecting() -> Iterator[list[Submitted]]:
    """Load derivation files inside to have stand-ins made, and to get them all."""
    before, _grading.collected = _grading.collected, []
    try:
        yield _grading.collected
    finally:
        _grading.collected = before


@contextlib.contextmanager
def answered_by(respondent: Respondent) -> Iterator[None]:
    """Calls of stand-ins inside go to ``respondent``."""
    before, _grading.respondent = _grading.respondent, respondent
    try:
        yield
    finally:
        _grading.respondent = before


@contextlib.contextmanager
def bounded_by(bound: Bound | None) -> Iterator[None]:
    """Of answers inside the rounding is known."""
    before, _grading.bound = _grading.bound, bound
    try:
        yield
    finally:
        _grading.bound = before


def known(case: Case, size: float, sought: float) -> float:
    """What answers at a case may be off by in rounding, as far as that is known; see ``Bound``."""
    return 0.0 if _grading.bound is None else _grading.bound(case, size, sought)


@contextlib.contextmanager
def overheard(last: int | None = None) -> Iterator[list[tuple[Any, ...]]]:
    """The arguments of the calls of stand-ins inside; what calls them ends with number ``last``."""
    before = _grading.heard, _grading.last
    _grading.heard, _grading.last = [], last
    try:
        with contextlib.suppress(_Heard):
            yield _grading.heard
    finally:
        _grading.heard, _grading.last = before


def announce_first(function: Function, points: Sequence[Mapping[str, Any]]) -> None:
    """Ask in one message for the answers that a function asks for first at each of some points.

    They wait until it is called there.
    """
    found: list[tuple[Submitted, tuple[Any, ...]]] = []
    for inputs in points:
        with contextlib.suppress(Exception), overheard(0) as calls:
            function(**inputs)
        if calls and _grading.caller is not None:
            found.append((_grading.caller, calls[0]))
    same = [call for submitted, call in found if submitted is found[0][0]]
    if len(same) > 1:
        found[0][0].ahead(same, USUAL_SIZE)


def from_submission(call: str) -> Any:
    """The student's function, as it is to be called: ``from_submission("backward(dy, y)")``.

    Its parameters are filled by name, as those of any rule; what the student calls them does not
    matter as long as they come in this order. Use it wherever a function is used::

        softmax.vjp(from_submission("backward(dy, y)"))

    Raises ``DeclarationError`` for anything but a name with parameters.
    """
    name, parameters = _read(call)
    frame = sys._getframe(1)
    made = Submitted((name,), parameters, frame)
    if _grading.collected is not None:
        _grading.collected.append(made)
        return made
    return own_function(made)


def layer_from_submission(names: str, derivation: Derivation, how: Names | None = None) -> Any:
    """The student's layer, in any convention: ``layer_from_submission("Affine", affine)``.

    ``names`` is a class, or two functions (``"affine_forward affine_backward"``); ``how`` says what
    cannot be found, as ``names(…)`` does for ``gradcheck.adapters.layer``. A rule is declared for
    each differentiated input of ``derivation``: ``affine[vjp-dx]``, ``affine[vjp-dW]``. Returns the
    layer's forward function of the same inputs, to be compared with the derivation's.
    """
    if not isinstance(derivation, Derivation):
        raise DeclarationError("layer_from_submission: a derivation was expected beside the name")
    frame = sys._getframe(1)
    file, line = frame.f_code.co_filename, frame.f_lineno
    parameters = tuple(derivation.arguments)
    made = Submitted(tuple(names.split()), parameters, frame, derivation, how or Names())
    if _grading.collected is not None:
        _grading.collected.append(made)
    for name in derivation.differentiable:
        rule = Rule(Gradient(made, name), derivation, "vjp", (name,))
        rule.file, rule.line, rule.module = file, line, derivation.module
    return Forward(made)


def _read(call: str) -> tuple[str, tuple[str, ...]]:
    try:
        (statement,) = ast.parse(f"def {call}: pass").body
        assert isinstance(statement, ast.FunctionDef)
        given = statement.args
        plain = not (given.vararg or given.kwarg or given.kwonlyargs or given.defaults)
        if not plain:
            raise ValueError
    except (SyntaxError, ValueError, TypeError):
        raise DeclarationError(
            f"from_submission({call!r}): the name and its parameters were expected, such as "
            '"backward(dy, y)"'
        ) from None
    return statement.name, tuple(one.arg for one in (*given.posonlyargs, *given.args))


class Submitted:
    """A function or layer of the submission, by name; called, it asks the respondent.

    It has no source here and no attributes but its own, so that nothing that inspects functions
    finds the grader's instead.
    """

    __slots__ = (
        "__gradcheck_namespace__", "_size", "_waiting", "derivation", "file", "gradients",
        "how", "line", "names", "parameters",
    )  # fmt: skip

    def __init__(
        self,
        names: tuple[str, ...],
        parameters: tuple[str, ...],
        frame: FrameType,
        derivation: Derivation | None = None,
        how: Names | None = None,
    ) -> None:
        self.names, self.parameters = names, parameters
        self.file, self.line = frame.f_code.co_filename, frame.f_lineno
        setattr(self, NAMESPACE, frame.f_globals)
        self.derivation, self.how = derivation, how
        #: The inputs for which it returns gradients, once it is known to be such a rule.
        self.gradients: tuple[str, ...] = ()
        self._size = USUAL_SIZE
        #: Answers that were asked for ahead, by what they were asked with.
        self._waiting: dict[Any, list[Any]] = {}

    @property
    def __name__(self) -> str:
        return self.names[0].replace(".", "_")

    @property
    def __signature__(self) -> inspect.Signature:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature([inspect.Parameter(name, kind) for name in self.parameters])

    def wanted(self) -> dict[str, Any]:
        """What is asked for, as data for the process that runs the submission."""
        return {
            "names": self.names,
            "parameters": self.parameters,
            "gradients": self.gradients,
            "is_layer": self.derivation is not None,
            "how": {} if self.how is None else vars(self.how),
            "differentiable": () if self.derivation is None else self.derivation.differentiable,
        }

    def expect(self, size: int) -> None:
        """The next answer has so many numbers, if it is right."""
        self._size = size

    def lost(self, case: Case, size: float, sought: float) -> float:
        """What a number of an answer may be off by in rounding, as far as that is known; else 0."""
        return known(case, size, sought)

    def announce(self, calls: Sequence[Arguments], size: int) -> None:
        """Ask for all of these answers in one message; they wait until they are called for."""
        self.ahead([self.bound(by_position, by_name) for by_position, by_name in calls], size)

    def ahead(self, calls: Sequence[tuple[Any, ...]], size: int) -> None:
        """As ``announce``, of calls with their arguments in order."""
        answers = _respondent().ask(self, [_moved(call) for call in calls], size)
        self._waiting = {}
        for call, answer in zip(calls, answers, strict=True):
            self._waiting.setdefault(_key(call), []).append(answer)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.answer(self.bound(args, kwargs))

    def answer(self, call: tuple[Any, ...]) -> Any:
        """What it answers to one call with its arguments in order."""
        size, self._size = self._size, USUAL_SIZE
        if _grading.heard is not None:
            _grading.heard.append(call)
            _grading.caller = self
            if _grading.last is not None and len(_grading.heard) > _grading.last:
                raise _Heard
        waiting = self._waiting.get(_key(call)) if self._waiting else None
        answer = waiting.pop(0) if waiting else _respondent().ask(self, [_moved(call)], size)[0]
        if isinstance(answer, Failure):
            raise Violation("raises", self._said(answer))
        if isinstance(answer, tuple | list):
            kind = tuple if isinstance(answer, tuple) else list
            return kind(
                Unsent(self._said(part)) if isinstance(part, Failure) else part for part in answer
            )
        return answer

    def _said(self, failure: Failure) -> str:
        return f"{self.__name__}: {one_line(printable(failure.text))}"

    def at_home(self, unit: Any, call: tuple[Any, ...]) -> Any:
        """The answer of a unit of this process to a call as it is sent."""
        if unit is None:
            raise InputError(f"{self.__name__} is missing")
        if self.derivation is None:
            return unit(call)
        name, cotangents, sizes, names, values = call
        given = dict(zip(json.loads(names), map(_parsed, values), strict=True))
        return unit((name, cotangents, json.loads(sizes), given))

    def bound(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
        """The arguments of a call, in order."""
        return tuple(args) + tuple(kwargs[name] for name in self.parameters[len(args) :])


class Unsent:
    """A part of an answer that is no array of real numbers: wrong, once it is looked at."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise Violation("wrong output", self.why)


class Gradient:
    """One gradient of a layer of the submission: a rule."""

    __slots__ = ("layer", "name")

    def __init__(self, layer: Submitted, name: str) -> None:
        self.layer, self.name = layer, name

    @property
    def __name__(self) -> str:
        return f"d{self.name}"

    @property
    def _leading(self) -> list[str]:
        owner = self.layer.derivation
        assert owner is not None
        taken = {*owner.arguments, *owner.options.output}
        leading = [f"d{output}" for output in owner.options.output]
        while set(leading) & taken:
            leading = [f"d{text}" for text in leading]
        return leading

    @property
    def __signature__(self) -> inspect.Signature:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        names = [*self._leading, *self.layer.parameters]
        return inspect.Signature([inspect.Parameter(name, kind) for name in names])

    def expect(self, size: int) -> None:
        """The next answer has so many numbers, if it is right."""
        self.layer.expect(size)

    def lost(self, case: Case, size: float, sought: float) -> float:
        """What a number of an answer may be off by in rounding, as far as that is known; else 0."""
        return self.layer.lost(case, size, sought)

    def announce(self, calls: Sequence[Arguments], size: int) -> None:
        """Ask for all of these answers in one message."""
        if not is_local():
            self.layer.ahead([self._call(*arguments) for arguments in calls], size)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _layer_called(self.layer, self._call(args, kwargs))

    def _call(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
        count = len(self._leading)
        rest = iter(args[count:])
        values = {n: kwargs[n] if n in kwargs else next(rest) for n in self.layer.parameters}
        return layer_call(self.layer, self.name, args[:count], values)


class Forward:
    """The forward function of a layer of the submission."""

    __slots__ = ("layer",)

    def __init__(self, layer: Submitted) -> None:
        self.layer = layer

    @property
    def __name__(self) -> str:
        return self.layer.names[0]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        values = {**dict(zip(self.layer.parameters, args, strict=False)), **kwargs}
        return _layer_called(self.layer, layer_call(self.layer, "", (), values))


def layer_call(
    layer: Submitted, name: str, cotangents: Sequence[Any], values: Mapping[str, Any]
) -> tuple[Any, ...]:
    """A call of a layer as it is sent: which gradient, cotangents, sizes, names and values."""
    assert layer.derivation is not None
    given = {n: _plain(v) for n, v in values.items()}
    sizes = json.dumps(dict(layer.derivation.bind(given)))
    sent = tuple(v if isinstance(v, np.ndarray | np.generic | list) else json.dumps(v)
                 for v in given.values())  # fmt: skip
    return name, [_plain(one) for one in cotangents], sizes, json.dumps(list(given)), sent


def _layer_called(layer: Submitted, call: tuple[Any, ...]) -> Any:
    return own_layer(layer, call, lambda: trials_of(layer)) if is_local() else layer.answer(call)


def is_local() -> bool:
    """Whether there is nobody who answers: this is a student's own folder."""
    return _grading.respondent is None


def _respondent() -> Respondent:
    if _grading.respondent is None:
        raise InputError("a function of the submission was called, but none is being graded")
    return _grading.respondent


def _moved(call: tuple[Any, ...]) -> tuple[Any, ...]:
    """A call as it is sent.

    Jitter cannot get into the other process: it moves the last bits of what is sent instead, and
    what comes back is plain, which tells that nothing is known of the rounding there. Integers are
    labels and indices: they stay what they are.
    """
    return tuple(map(_sent, call))


def _sent(one: Any) -> Any:
    if isinstance(one, list):
        return [_sent(part) for part in one]
    if not isinstance(one, Jittered):
        return one
    return moved(one) if one.dtype.kind == "f" else _plain(one)


def _key(call: Any) -> Any:
    """What an answer waits under: the call before any jitter has moved it."""
    if isinstance(call, tuple | list):
        return tuple(map(_key, call))
    if isinstance(call, np.ndarray | np.generic):
        return call.dtype.str, call.shape, call.tobytes()
    return type(call), call


def _plain(value: Any) -> Any:
    return np.asarray(value).view(np.ndarray) if isinstance(value, Jittered) else value


def _parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def trials_of(layer: Submitted) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Sizes and values at which a layer is tried out, always the same: no student learns a seed."""
    from gradcheck.adapters.layers import trials

    assert layer.derivation is not None
    return trials(layer.derivation)
