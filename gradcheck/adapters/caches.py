"""What a forward function keeps for the backward function, where no name says so."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from gradcheck.adapters.style import Style, is_required
from gradcheck.adapters.words import is_cache, is_cotangent, is_statistic


def with_cache(style: Style) -> Style:
    """A style with the parameter of the backward function that gets what was kept, if any.

    Where a word says so, with the place of that in what is returned. Elsewhere it is the last,
    beside a cotangent, and called as what the forward function returns last; or that is a tuple or
    a dict, and it is called like nothing that the forward function takes.
    """
    if style.returns_cache:
        return replace(style, cache_at=_place(style))
    needed = [parameter.name for parameter in style.gets if is_required(parameter)]
    known = style.has_context or style.kind != "vjp"
    if known or style.backward is None or len(needed) < 2 or not is_cotangent(needed[0]):
        return style
    *_, last = needed
    if last in {parameter.name for parameter in style.takes} or is_cotangent(last):
        return style
    kept = [one[-1] for one in _returned(style)]
    space = getattr(style.source, "__globals__", {})
    if kept and all(isinstance(one, _HELD) or _is_called(one, last, space) for one in kept):
        return replace(style, returns_cache=True, cache=last)
    return style


_HELD = (ast.Tuple, ast.Dict, ast.List)


def _is_called(node: ast.expr, name: str, space: Mapping[str, Any]) -> bool:
    """Whether an expression is a variable of some name, or makes a dict, a tuple or an object.

    ``space`` are the names of the file, with the classes that objects are made of.
    """
    match node:
        case ast.Name(id=found):
            return found == name
        case ast.Call(func=ast.Name(id=maker)):
            return maker in ("dict", "tuple", "list") or inspect.isclass(space.get(maker))
    return False


def _place(style: Style) -> int:
    """Where each ``return`` of the forward function has what is kept: ``return out, cache, mean``.

    Where no name says so, it is the last that is no running statistic which it was given.
    """
    called = {p.name for p in style.gets if is_cache(p.name)}
    running = {p.name for p in style.takes if is_statistic(p.name)}
    places: set[int] = set()
    for each in _returned(style):
        named = [k for k, one in enumerate(each) if isinstance(one, ast.Name) and one.id in called]
        others = [k for k, one in enumerate(each) if not _holds_only(one, running)]
        places.add((named or others)[-1])
    return places.pop() if len(places) == 1 and 0 not in places else -1


def _holds_only(node: ast.expr, names: Collection[str]) -> bool:
    """Whether an expression is one of some variables, or a tuple of them."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return all(isinstance(one, ast.Name) and one.id in names for one in parts)


def _returned(style: Style) -> list[list[ast.expr]]:
    """What each ``return`` of the forward function returns; none where one is not of several."""
    try:
        function = style.forward(style.make)
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (AttributeError, OSError, TypeError, SyntaxError, ValueError):
        return []
    found: list[list[ast.expr]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and node.value is not None:
            if not isinstance(node.value, ast.Tuple) or len(node.value.elts) < 2:
                return []
            found.append(node.value.elts)
    return found
