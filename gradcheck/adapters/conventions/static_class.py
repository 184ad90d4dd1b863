"""A class as a namespace: static ``forward(x, w) -> (out, cache)`` and ``backward(dout, cache)``.

Also with a context first, ``forward(ctx, x, w)`` and ``backward(ctx, dout)``, as in autograd
functions that someone wrote for numpy arrays.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, parameters_of
from gradcheck.adapters.words import WORDS, is_cache

PRIORITY = 40


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A class whose forward and backward are static methods."""
    if len(what) != 1 or not inspect.isclass(what[0]):
        return None
    (cls,) = what
    forward, backward = (
        _static(cls, (chosen,) if chosen else known)
        for chosen, known in ((names.forward, WORDS.forward), (names.backward, WORDS.backward))
    )
    if forward is None or backward is None:
        return None
    takes, gets = parameters_of(forward), parameters_of(backward)
    context = bool(takes and gets and takes[0].name == gets[0].name and is_cache(takes[0].name))
    return Style(
        convention="static class",
        name=cls.__name__,
        forward=lambda _: forward,
        backward=lambda _: backward,
        returns_cache=not context and any(is_cache(parameter.name) for parameter in gets),
        has_context=context,
        source=backward,
        takes=takes[1:] if context else takes,
        gets=gets[1:] if context else gets,
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such class."""
    for value in namespace.values():
        if inspect.isclass(value) and style_of((value,), Names()) is not None:
            yield (value,)


def _static(cls: type, names: tuple[str, ...]) -> Any:
    for name in names:
        held = inspect.getattr_static(cls, name, None)
        if isinstance(held, staticmethod):
            return held.__func__
        if isinstance(held, classmethod):
            return getattr(cls, name)
    return None
