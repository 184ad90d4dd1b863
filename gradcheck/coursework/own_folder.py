"""In a student's own folder: what an assignment asks for, from the submission beside it."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gradcheck.claims import DECLARATIONS, NAMESPACE, Rule
from gradcheck.coursework import units
from gradcheck.coursework.reading import MODULE, Unreadable, read
from gradcheck.errors import InputError

#: Where a student's folder has the submission: beside the derivations, in one of these files.
FILES = ("submission.py", "submission.ipynb")


def own_function(wanted: Any) -> Any:
    """The student's function itself where it has the parameters, else one that calls it so."""
    try:
        function = units.found(_module_beside(wanted.file), units.Wanted(**wanted.wanted()))
    except (units.Missing, InputError) as error:
        return _lacking(wanted, str(error))
    assert isinstance(function, units.Function)

    def called(*args: Any, **kwargs: Any) -> Any:
        if not function.gradients:  # the rule was declared with it after it was made
            rules = getattr(wanted, NAMESPACE).get(DECLARATIONS, ())
            function.gradients = returned_gradients(called, rules)
            _note(function, (one for one in rules if getattr(one, "function", None) is called))
        # As where it is graded, it gets copies: that it changes them is said, and costs nothing.
        return function(wanted.bound(args, kwargs))

    # Its own source is what a report shows, and what a remedy changes.
    with contextlib.suppress(AttributeError, TypeError):
        called = functools.wraps(function.function)(called)
    return _described(called, wanted)


def returned_gradients(function: Any, rules: Iterable[Any]) -> tuple[str, ...]:
    """The inputs for which a function returns gradients, by the rule that it is declared as."""
    own = (one for one in rules if isinstance(one, Rule) and one.function is function)
    return next((one.wrt for one in own if one.kind in ("vjp", "gradient")), ())


def _note(unit: units.Function | units.Layer, rules: Iterable[Any]) -> None:
    """Have the rules say what calls of a unit show that it should not do."""
    for rule in rules:
        if isinstance(rule, Rule):
            rule.notes = unit.remarks


def _described(function: Any, wanted: Any) -> Any:
    function.__name__, function.__signature__ = wanted.__name__, wanted.__signature__
    setattr(function, NAMESPACE, getattr(wanted, NAMESPACE))
    return function


def _lacking(wanted: Any, why: str) -> Any:
    def missing(*args: Any, **kwargs: Any) -> Any:
        raise InputError(why)

    # Reports show where it was asked for.
    missing.__code__ = missing.__code__.replace(co_filename=wanted.file, co_firstlineno=wanted.line)
    return _described(missing, wanted)


def _module_beside(file: str) -> Any:
    folder = Path(file).absolute().parent
    places = [parent / name for parent in (folder, *folder.parents[:2]) for name in FILES]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise InputError(
            f"there is no {FILES[0]} beside the folder {folder.name}; copy the starter file there, "
            "or grade a submission with `gradcheck grade`"
        )
    known = sys.modules.get(MODULE)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    try:
        return read(path).module
    except Unreadable as error:
        raise InputError(str(error)) from None


#: By the layer itself, which no other takes the place of as long as it stands here.
_layers: dict[Any, Any] = {}


def own_layer(layer: Any, call: tuple[Any, ...], trials: Callable[[], Any]) -> Any:
    """The answer of the student's layer to a call as it is sent."""
    try:
        if layer not in _layers:
            wanted = units.Wanted(**layer.wanted())
            module = _module_beside(layer.file)
            unit = _layers[layer] = units.found(module, wanted, trials())
            rules = getattr(layer, NAMESPACE).get(DECLARATIONS, ())
            of_it = (one for one in rules if getattr(one.function, "layer", None) is layer)
            _note(unit, of_it)
        return layer.at_home(_layers[layer], call)
    except units.Missing as error:
        raise InputError(str(error)) from None
