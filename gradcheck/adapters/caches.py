"""What a forward function keeps for the backward function, where no name says so."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gradcheck.adapters.style import Style, is_required
from gradcheck.adapters.words import is_cotangent


def with_cache(style: Style) -> Style:
    """A style with the parameter of the backward function that gets what was kept, if any.

    It is the last, beside a cotangent, and called as what the forward function returns last; or
    that is a tuple or a dict, and it is called like nothing that the forward function takes.
    """
    needed = [parameter.name for parameter in style.gets if is_required(parameter)]
    known = style.returns_cache or style.has_context or style.kind != "vjp"
    if known or style.backward is None or len(needed) < 2 or not is_cotangent(needed[0]):
        return style
    *_, last = needed
    if last in {parameter.name for parameter in style.takes} or is_cotangent(last):
        return style
    kept = _returned_last(style)
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


def _returned_last(style: Style) -> list[ast.expr]:
    """The last of what each ``return`` of the forward function returns; none without several."""
    try:
        function = style.forward(style.make)
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (AttributeError, OSError, TypeError, SyntaxError, ValueError):
        return []
    found: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and node.value is not None:
            if not isinstance(node.value, ast.Tuple) or len(node.value.elts) < 2:
                return []
            found.append(node.value.elts[-1])
    return found
