"""An object that keeps its state: ``forward(x)``, ``backward(dout)``.

What is needed for the backward call lies in attributes, and the gradients of its parameters land in
attributes, in lists parallel to those of the parameters, in dicts, in dicts of dicts, or nowhere,
where the backward method changes the parameters itself. Which, is seen in the trial.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.adapters.words import WORDS, is_cache, is_cotangent, is_loss, is_target

PRIORITY = 50


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A class with a forward and a backward method."""
    if len(what) != 1 or not inspect.isclass(what[0]):
        return None
    (cls,) = what
    forward = _method(cls, (names.forward,) if names.forward else WORDS.forward)
    backward = _method(cls, (names.backward,) if names.backward else WORDS.backward)
    if backward is None and not names.backward:
        backward = _of_what_is_kept(cls) or _of_cotangent(cls)
    if forward is None or backward is None or forward == backward:
        return None
    gets = parameters_of(getattr(cls, backward), skip_first=True)
    if _is_training(gets):
        return None
    return Style(
        convention="class",
        name=cls.__name__,
        forward=lambda made: getattr(made, forward),
        backward=lambda made: getattr(made, backward),
        make=cls,
        returns_cache=any(is_cache(parameter.name) for parameter in gets),
        source=getattr(cls, backward),
        takes=parameters_of(getattr(cls, forward), skip_first=True),
        gets=gets,
    )


def _of_what_is_kept(cls: type) -> str | None:
    """A method for the gradient of a loss that is given nothing: ``loss(x, y)``, ``gradient()``."""
    name = _method(cls, ("gradient", "grad", "gradients")) if is_loss(cls.__name__) else None
    needed = parameters_of(getattr(cls, name), skip_first=True) if name else ()
    return None if any(map(is_required, needed)) else name


#: What is called so is given a cotangent, whatever that is called.
_PULLS = ("vjp", "pull")


def _of_cotangent(cls: type) -> str | None:
    """A method that is called a gradient and is given what is called a cotangent: ``grad(dy)``."""
    name = _method(cls, ("grad", "gradient", "gradients", *_PULLS))
    needed = [p.name for p in parameters_of(getattr(cls, name), skip_first=True)] if name else []
    given = len(needed) == 1 and re.fullmatch(r"(d|grad|g|up)_?[a-zA-Z]?\w*", needed[0])
    told = given and needed[0] not in ("data", "d", "g") and is_cotangent(needed[0])
    return name if told or (name in _PULLS and len(needed) == 1) else None


def _is_training(gets: tuple[inspect.Parameter, ...]) -> bool:
    """Whether a backward method is given data and targets: that of a model, with its own loss."""
    names = [parameter.name for parameter in gets if is_required(parameter)]
    data = [name for name in names if name in ("x", "X", "inputs", "data", "batch")]
    return bool(data) and any(map(is_target, names)) and not any(map(is_cotangent, names))


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such class."""
    for value in namespace.values():
        if inspect.isclass(value) and style_of((value,), Names()) is not None:
            yield (value,)


def _method(cls: type, names: tuple[str, ...]) -> str | None:
    for name in names:
        held = inspect.getattr_static(cls, name, None)
        if inspect.isfunction(held):
            return name
    return None
