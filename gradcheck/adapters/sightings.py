"""The layers that a file holds, and classes that are there for others to be made from."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from gradcheck.adapters.conventions import candidates, style_of
from gradcheck.adapters.definitions import Definitions
from gradcheck.adapters.names import Names
from gradcheck.adapters.sources import nodes_of
from gradcheck.adapters.style import Style, parameters_of
from gradcheck.adapters.words import (
    WORDS,
)

#: What a function is called that has no name but that of its variable.
_NAMELESS = (lambda: None).__name__


@dataclass(frozen=True)
class Sighting:
    """A layer in a file: what it is made of, and how it is called."""

    name: str
    what: tuple[Any, ...]
    style: Style
    line: int


def sightings(definitions: Definitions) -> list[Sighting]:
    """The layers of a file in the order in which they stand there."""
    namespace = definitions.namespace
    found: list[Sighting] = []
    for what in candidates(namespace):
        if is_base(what[0], namespace):
            continue
        style = style_of(what, Names())
        if style.name == _NAMELESS:
            bound = (name for name, value in namespace.items() if value is what[0])
            style = replace(style, name=next(bound, _NAMELESS))
        source = what[-1] if inspect.isclass(what[-1]) else style.source or what[-1]
        found.append(Sighting(_called(style, what, found), what, style, line_of(source)))
    return sorted(found, key=lambda one: one.line)


def _called(style: Style, what: tuple[Any, ...], found: Sequence[Sighting]) -> str:
    """The name of a layer; that of its backward function where another is called the same."""
    taken = {one.name for one in found}
    return style.name if style.name not in taken else getattr(what[-1], "__name__", style.name)


def line_of(source: Any) -> int:
    """The line of a function, or of the first method of a class."""
    if inspect.isclass(source):
        own = [getattr(value, "__func__", value) for value in vars(source).values()]
        lines = [value.__code__.co_firstlineno for value in own if inspect.isfunction(value)]
        return min(lines, default=0)
    code = getattr(inspect.unwrap(source), "__code__", None)
    return code.co_firstlineno if code else 0


def is_base(cls: Any, namespace: Mapping[str, Any]) -> bool:
    """Whether a class is there for others to be made from."""
    if not inspect.isclass(cls):
        return False
    below = [c for c in namespace.values() if inspect.isclass(c) and c is not cls]
    own = [getattr(v, "__func__", v) for name, v in vars(cls).items() if name != "__init__"]
    halves = [
        [half for name in names if inspect.isfunction(half := getattr(cls, name, None))]
        for names in (WORDS.forward, (*WORDS.backward, "gradient"))
    ]
    abstract = (
        bool(getattr(cls, "__abstractmethods__", None))
        or Protocol in cls.__bases__
        or any(inspect.isfunction(value) and _is_open(value) for value in own)
        # Of several that would do, such as ``compute`` and ``__call__``, one is enough.
        or any(half and all(map(_is_open, half)) for half in halves)
    )
    # Not by ``issubclass``, which a protocol refuses.
    inherited = any(cls in c.__mro__ for c in below)
    # What passes and takes nothing is a leaf of a graph.
    leaf = bool(halves[0]) and all(
        len(parameters_of(half)) == 1 and _does_nothing([half]) for half in halves[0]
    )
    return (
        abstract
        or leaf
        or (inherited and (_needs_functions(cls) or _does_nothing([*halves[0], *halves[1]])))
    )


def _is_open(method: Any) -> bool:
    """Whether a method is for others to write."""
    return "NotImplementedError" in method.__code__.co_names


def _does_nothing(halves: Sequence[Any]) -> bool:
    """Whether forward or backward is there for others to override: it passes, or raises."""
    return any(
        all(isinstance(s, ast.Pass | ast.Raise) or _is_docstring(s) for s in node.body)
        for half in halves
        for node in nodes_of(half)
        if isinstance(node, ast.FunctionDef)
    )


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _needs_functions(cls: type) -> bool:
    """Whether a constructor takes functions: a class for activations to be made from."""
    names = {parameter.name for parameter in parameters_of(cls)}
    return bool(names & {"f", "f_prime", "activation", "activation_prime", "fn", "func"})
