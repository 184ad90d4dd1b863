"""The conventions, one a file: a new file is a new convention, and nothing else is to be done.

A file provides ``PRIORITY``, ``style_of`` and ``candidates``, as ``style.Convention`` says.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any, cast

from gradcheck.adapters.boundary import in_world
from gradcheck.adapters.caches import with_cache
from gradcheck.adapters.keyed_parameters import with_keys
from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Convention, Style
from gradcheck.errors import DeclarationError


@functools.cache
def conventions() -> list[Convention]:
    """Every convention, the more special before the more general."""
    found = [
        importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)
    ]
    return sorted((cast(Convention, module) for module in found), key=lambda one: one.PRIORITY)


def style_of(what: tuple[Any, ...], names: Names) -> Style:
    """How a layer is called; raises ``DeclarationError`` where no convention knows it."""
    for convention in conventions():
        style = convention.style_of(what, names)
        if style is not None:
            return in_world(with_keys(with_cache(style)), names)
    said = " and ".join(getattr(one, "__name__", repr(one)) for one in what) or "nothing"
    if len(what) == 1 and inspect.isclass(what[0]):
        own = [name for name, one in inspect.getmembers(what[0]) if inspect.isfunction(one)]
        there = f"; it has {', '.join(own)}" if own else ""
        raise DeclarationError(
            f"layer({said}): a class with a forward and a backward method was expected{there}. "
            'Where these have other names, they are said: names(forward="…", backward="…")'
        )
    raise DeclarationError(
        f"layer({said}): a class with a forward and a backward method was expected, two functions, "
        "a function that returns a value with its gradient, or one of a framework; where the "
        'methods have other names, say them: names(forward="…", backward="…")'
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """What in a module looks like a layer; nothing is taken for two."""
    seen: set[int] = set()
    for convention in conventions():
        for what in convention.candidates(namespace):
            if id(what[-1]) not in seen:
                # The forward half of a pair is no layer by itself, whatever it returns.
                seen |= set(map(id, what))
                # The halves of a rule that a framework knows are no layers by themselves.
                seen |= {id(getattr(what[-1], half, None)) for half in ("fwd", "bwd", "jvp")}
                yield what
