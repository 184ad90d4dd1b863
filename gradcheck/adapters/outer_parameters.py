"""Parameters that are variables of their module, as arguments of the functions that read them.

``Wxh = np.random.randn(hidden, vocab)`` at the top of a file, and below it a function that gives
``dWxh``: such a function is given them by name, and they are put into the module for as long as it
runs. Sizes that the module made them with, ``hidden`` and ``vocab``, follow the arrays.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np

from gradcheck.adapters.by_name import extended, standing_for
from gradcheck.adapters.definitions import Definitions
from gradcheck.adapters.sources import tree_of
from gradcheck.adapters.words import gradient_names

#: What makes an array of a shape that it is told: by its arguments, or by one of them.
_BY_SIZES = ("randn", "rand")
_BY_SHAPE = ("zeros", "ones", "empty", "full", "random", "standard_normal", "random_sample")
_BY_LAST = ("normal", "uniform", "choice")
#: The attribute of a function that says which variables it is given.
_GIVEN = "outer_parameters"
#: That which says of which axes they are.
_FORMS = "outer_forms"


@dataclass(frozen=True)
class _Used:
    """What a function reads, what it sets in its module, and what it returns."""

    reads: frozenset[str]
    sets: frozenset[str]
    returned: frozenset[str]

    @classmethod
    def by(cls, function: Any) -> _Used:
        nodes = list(ast.walk(tree_of(function)))
        declared = {n for node in nodes if isinstance(node, ast.Global) for n in node.names}
        names = [node for node in nodes if isinstance(node, ast.Name)]
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        own = (stored | {node.arg for node in nodes if isinstance(node, ast.arg)}) - declared
        reads = {node.id for node in names if isinstance(node.ctx, ast.Load)} - own
        given = [node.value for node in nodes if isinstance(node, ast.Return) and node.value]
        inside = [one for value in given for one in ast.walk(value)]
        returned = {one.id for one in inside if isinstance(one, ast.Name)} & own
        return cls(frozenset(reads), frozenset(declared & stored), frozenset(returned))


def give(definitions: Definitions) -> None:
    """Let the functions of a file take the parameters among its variables as arguments."""
    made = _made(definitions.trees)
    space = vars(definitions.module)
    functions = {n: f for n, f in definitions.namespace.items() if inspect.isfunction(f)}
    used = {name: _Used.by(one) for name, one in functions.items()}
    reads = {
        name: {one for part in _reached(name, used) for one in used[part].reads} for name in used
    }
    learned = [
        name
        for name in made
        if any(
            name in reads[one] and not used[one].returned.isdisjoint(gradient_names(name))
            for one in used
        )
    ]
    if not learned or any(callable(space.get(name)) for name in learned):
        return
    sizes = {
        node.id: (name, axis)
        for name in learned
        for axis, node in enumerate(made[name])
        if isinstance(node, ast.Name)
    }
    for name, function in functions.items():
        names = [one for one in learned if one in reads[name]]
        trains = any(used[part].sets & set(learned) for part in _reached(name, used))
        if names and not trains:
            own = {size: at for size, at in sizes.items() if size in reads[name]}
            space[name] = _with(function, names, own)
            forms = {one: tuple(not _is_one(size) for size in made[one]) for one in names}
            setattr(space[name], _FORMS, forms)


def outer_parameters(functions: Iterable[Any]) -> list[str]:
    """The variables of their module that functions are given as arguments."""
    return list(dict.fromkeys(name for one in functions for name in getattr(one, _GIVEN, ())))


def outer_forms(function: Any) -> Mapping[str, tuple[bool, ...]]:
    """The axes of the variables that a function is given: whether each has a size, or is one."""
    found: Mapping[str, tuple[bool, ...]] = getattr(function, _FORMS, {})
    return found


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


def _made(trees: Iterable[ast.Module]) -> dict[str, list[ast.expr]]:
    """The variables that are made as arrays, and of which sizes where these are told one by one."""
    found: dict[str, list[ast.expr]] = {}
    for tree in trees:
        for node in tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    sizes = next((s for s in map(_sizes, ast.walk(value)) if s is not None), None)
                    if sizes is not None:
                        found.setdefault(name, sizes)
    return found


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
    function: Any, names: Sequence[str], sizes: Mapping[str, tuple[str, int]]
) -> FunctionType:
    """A function that is given variables of its module by name."""
    space = function.__globals__
    shape: Any = np.shape

    def given_outer(*values: Any, **named: object) -> Any:
        told = {name: named.pop(name) for name in names if name in named}
        for size, (name, axis) in sizes.items():
            if name in told:
                told[size] = shape(told[name])[axis]
        kept = {name: space[name] for name in told if name in space}
        space.update(told)
        try:
            return function(*values, **named)
        finally:
            for name in told:
                del space[name]
            space.update(kept)

    outer = standing_for(function, given_outer, extended(function, names))
    setattr(outer, _GIVEN, tuple(names))
    return outer
