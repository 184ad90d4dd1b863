"""What a file defines that was taken for no layer, and the line of a spec that declares it."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

from gradcheck.adapters.definitions import Definitions
from gradcheck.adapters.landing import returned_names
from gradcheck.adapters.sightings import is_base, line_of
from gradcheck.adapters.style import is_required, parameters_of
from gradcheck.adapters.words import is_cotangent
from gradcheck.oracle.captured import names_in

#: What frameworks are told rules with.
_TOLD = ("defvjp", "defjvp", "defvjp_argnums", "defjvp_argnums", "defjvps")


@dataclass(frozen=True)
class Unrecognised:
    """A function or class, and the line of a spec under which it would be checked."""

    name: str
    line: int
    spec: str


def unrecognised(
    definitions: Definitions, layers: Sequence[Any], named: Sequence[str]
) -> list[Unrecognised]:
    """The functions and classes that are no part of a layer, and that no layer calls.

    ``layers`` are what the recognised ones are made of, ``named`` the names said elsewhere.
    """
    space = definitions.namespace
    used: set[int] = set()
    _use([*layers, *_given_as_rules(definitions)], space, used)
    found: list[Unrecognised] = []
    for name, value in space.items():
        if id(value) in used or name in named or definitions.lacking(value):
            continue
        if inspect.isclass(value):
            own = [(n, getattr(one, "__func__", one)) for n, one in vars(value).items()]
            methods = [n for n, one in own if inspect.isfunction(one)]
            if is_base(value, space) or not [n for n in methods if not n.startswith("__")]:
                continue
            module = hasattr(value, "named_parameters")  # torch differentiates it, if it is asked
            given = _dims(value.forward) if module and hasattr(value, "forward") else ""
            rest = given or 'names = { forward = "…", backward = "…" }'
            found.append(Unrecognised(name, line_of(value), f"{name} = {{ {rest} }}"))
        elif inspect.isfunction(value) and value.__code__.co_argcount:
            # What returns two may be a value with its gradient; else its gradient is beside it.
            first = parameters_of(value)[0].name
            alone = len(returned_names(value)) == 2 and not is_cotangent(first)
            second = [] if alone else [f'layer = ["{name}", "…"]']
            parts = [*second, *filter(None, [_dims(value)])]
            line = f"{name} = {{ {', '.join(parts)} }}"
            found.append(Unrecognised(name, line_of(value), line))
    return sorted(found, key=lambda one: one.line)


def _given_as_rules(definitions: Definitions) -> Iterator[Any]:
    """What a framework is told to be a rule: the arguments of ``f.defvjp(fwd, bwd)``."""
    for tree in definitions.trees:
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(attr=called) | ast.Name(id=called), args=parts):
                    names = [part.id for part in parts if isinstance(part, ast.Name)]
                    if called in _TOLD:
                        yield from (definitions.namespace.get(name) for name in names)


def _dims(function: Any) -> str:
    names = [p.name for p in parameters_of(function) if is_required(p) and p.name != "self"]
    return ", ".join(f'{name} = "…"' for name in names)


def _use(values: Sequence[Any], space: Mapping[str, Any], used: set[int]) -> None:
    """Mark some functions and classes as used, and all that they call."""
    for value in values:
        if id(value) in used:
            continue
        used.add(id(value))
        names = {name for code in _codes(value) for name in names_in(code)}
        _use([space[name] for name in names if name in space], space, used)
        if inspect.isclass(value):
            _use(value.__mro__[1:-1], space, used)


def _codes(value: Any) -> Iterator[CodeType]:
    inner = inspect.unwrap(getattr(value, "fun", value)) if callable(value) else value
    held = vars(inner).values() if inspect.isclass(inner) else (inner,)
    for one in held:
        function = getattr(one, "__func__", getattr(one, "fget", one))
        code = getattr(function, "__code__", None)
        if code is not None:
            yield code
