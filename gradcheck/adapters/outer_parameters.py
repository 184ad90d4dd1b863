"""Parameters that are variables of their module, as arguments of the functions that read them.

``Wxh = np.random.randn(hidden, vocab)`` at the top of a file, and below it a function that gives
``dWxh``: such a function is given them by name, and they are put into the module for as long as it
runs. Sizes that the module made them with, ``hidden`` and ``vocab``, follow the arrays. The entries
of a dict, ``model["W1"] = …``, are variables like these.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np

from gradcheck.adapters.by_name import FORMS, OUTER, VARIABLES, extended, standing_for
from gradcheck.adapters.definitions import Definitions
from gradcheck.adapters.sources import nodes_of
from gradcheck.adapters.words import gradient_names

#: What makes an array of a shape that it is told: by its arguments, or by one of them.
_BY_SIZES = ("randn", "rand")
_BY_SHAPE = ("zeros", "ones", "empty", "full", "random", "standard_normal", "random_sample")
_BY_LAST = ("normal", "uniform", "choice")


@dataclass(frozen=True)
class _Made:
    """An array that a module makes: in which variable, and under which key where that is a dict.

    ``sizes`` is None where they are not told.
    """

    sizes: Sequence[ast.expr] | None
    variable: str
    key: str = ""


@dataclass(frozen=True)
class _Used:
    """What a function reads, what it sets in its module, and what it returns.

    ``named`` are its own variables, and its keys in dicts.
    """

    reads: frozenset[str]
    sets: frozenset[str]
    returned: frozenset[str]
    named: frozenset[str]

    @classmethod
    def by(cls, function: Any) -> _Used:
        nodes = nodes_of(function)
        declared = {n for node in nodes if isinstance(node, ast.Global) for n in node.names}
        names = [node for node in nodes if isinstance(node, ast.Name)]
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        own = (stored | {node.arg for node in nodes if isinstance(node, ast.arg)}) - declared
        reads = {node.id for node in names if isinstance(node.ctx, ast.Load)} - own
        given = [node.value for node in nodes if isinstance(node, ast.Return) and node.value]
        inside = [one for value in given for one in ast.walk(value)]
        returned = {one.id for one in inside if isinstance(one, ast.Name)} & own
        into = {text for node in nodes for text in _written(node)} - own
        keys = {text for node in nodes if isinstance(node, ast.Dict) for text, _ in _entries(node)}
        sets = (declared & stored) | into
        return cls(frozenset(reads), frozenset(sets), frozenset(returned), frozenset(own | keys))

    def gives(self, name: str, made: _Made) -> bool:
        """Whether it returns the gradient for an array, or has that for an entry of a dict."""
        if made.key:
            return not self.named.isdisjoint((name, *gradient_names(name)))
        return not self.returned.isdisjoint(gradient_names(name))


def give(definitions: Definitions) -> None:
    """Let the functions of a file take the parameters among its variables as arguments."""
    made = _made(definitions.trees)
    space = vars(definitions.module)
    functions = {n: f for n, f in definitions.namespace.items() if inspect.isfunction(f)}
    used = {name: _Used.by(one) for name, one in functions.items()}
    reads = {
        name: {one for part in _reached(name, used) for one in used[part].reads} for name in used
    }
    given = {
        one.variable
        for name, one in made.items()
        if one.sizes is not None
        and any(one.variable in reads[text] and used[text].gives(name, one) for text in used)
    }
    learned = {name: one for name, one in made.items() if one.variable in given}
    if not learned or any(map(callable, map(space.get, given))):
        return
    sizes = {
        node.id: (name, axis)
        for name, one in learned.items()
        for axis, node in enumerate(one.sizes or ())
        if isinstance(node, ast.Name)
    }
    for text, function in functions.items():
        places = {name: one for name, one in learned.items() if one.variable in reads[text]}
        trains = any(used[part].sets & given for part in _reached(text, used))
        taken = inspect.signature(function).parameters
        if places and not trains and taken.keys().isdisjoint(places):
            own = {size: at for size, at in sizes.items() if size in reads[text]}
            own = {size: at for size, at in own.items() if at[0] in places}
            space[text] = _with(function, places, own)
            told = {name: one.sizes for name, one in places.items() if one.sizes is not None}
            forms = {name: tuple(not _is_one(n) for n in found) for name, found in told.items()}
            setattr(space[text], FORMS, forms)


def _is_one(size: ast.expr) -> bool:
    return isinstance(size, ast.Constant) and size.value == 1


def _reached(name: str, used: Mapping[str, _Used]) -> set[str]:
    """A function, and those of its file that it calls, by name."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [other for other in used[one].reads if other in used]
    return found


def _made(trees: Iterable[ast.Module]) -> dict[str, _Made]:
    """The variables, and entries of dicts, that are made as arrays whose sizes are told."""
    found: dict[str, _Made] = {}
    for node in (node for tree in trees for node in _statements(tree.body)):
        match node:
            case ast.Assign(targets=[ast.Name(id=variable)], value=ast.Dict() as held):
                entries = _entries(held)
            case ast.Assign(
                targets=[ast.Subscript(ast.Name(id=variable), ast.Constant(value=str() as key))],
                value=value,
            ):
                entries = [(key, value)]
            case ast.Assign(targets=[ast.Name(id=variable)], value=value):
                entries = [("", value)]
            case _:
                continue
        for key, value in entries:
            sizes = next((s for s in map(_sizes, ast.walk(value)) if s is not None), None)
            if sizes is not None or key:
                found.setdefault(key or variable, _Made(sizes, variable, key))
    return found


def _entries(made: ast.Dict) -> list[tuple[str, ast.expr]]:
    """The keys of a dict that are words, and what lies under them."""
    parts = zip(made.keys, made.values, strict=True)
    words = ((getattr(key, "value", None), value) for key, value in parts)
    return [(key, value) for key, value in words if isinstance(key, str)]


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, also those in the branches of an ``if``."""
    for node in body:
        yield node
        if isinstance(node, ast.If):
            yield from _statements([*node.body, *node.orelse])


def _written(node: ast.AST) -> Iterator[str]:
    """The variable of which a statement writes an entry: ``model["W"] -= …``."""
    match node:
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
            yield name


def _sizes(node: ast.AST) -> list[ast.expr] | None:
    """The sizes of an array that a call makes; None for another call."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute | ast.Name):
        return None
    called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
    shape = next((word.value for word in node.keywords if word.arg in ("size", "shape")), None)
    if called in _BY_SIZES:
        return list(node.args)
    if shape is None and called in _BY_SHAPE and node.args:
        shape = node.args[0]
    if shape is None and called in _BY_LAST and len(node.args) > len(("low", "high")):
        shape = node.args[2]
    if shape is None:
        return None
    return list(shape.elts) if isinstance(shape, ast.Tuple | ast.List) else [shape]


def _with(
    function: Any, places: Mapping[str, _Made], sizes: Mapping[str, tuple[str, int]]
) -> FunctionType:
    """A function that is given variables of its module, and entries of them, by name."""
    space = function.__globals__
    shape: Any = np.shape

    def given_outer(*values: Any, **named: object) -> Any:
        told = {name: named.pop(name) for name in places if name in named}
        put: dict[str, Any] = {
            size: shape(told[name])[axis] for size, (name, axis) in sizes.items() if name in told
        }
        for name, value in told.items():
            one = places[name]
            if one.key:
                put.setdefault(one.variable, {})[one.key] = value
            else:
                put[one.variable] = value
        kept = {name: space[name] for name in put if name in space}
        space.update(put)
        try:
            return function(*values, **named)
        finally:
            for name in put:
                del space[name]
            space.update(kept)

    outer = standing_for(function, given_outer, extended(function, places))
    setattr(outer, OUTER, tuple(places))
    setattr(outer, VARIABLES, frozenset(one.variable for one in places.values()))
    return outer
