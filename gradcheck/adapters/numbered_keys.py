"""Keys that are made of a word and the number of a layer: ``parameters["W" + str(l)]``."""

from __future__ import annotations

import ast
from typing import Any

from gradcheck.adapters.sources import tree_of

#: So many layers there are where the source leaves it open.
_LAYERS = 2


def numbered_keys(function: Any, name: str) -> list[str]:
    """The keys of that kind that a function reads from one of its arguments: W1, b1, W2, b2."""
    tree = tree_of(function)
    words: dict[str, None] = {}
    numbers: list[int] = []
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=ast.Name(id=held), slice=key, ctx=ast.Load()) if held == name:
                word, index = _parts(key)
                if index is not None:
                    words[word] = None
                    numbers += _first(tree, index)
    first = min(numbers, default=1)
    return [f"{word}{first + k}" for k in range(_LAYERS) for word in words]


def _parts(key: ast.expr) -> tuple[str, ast.expr | None]:
    """The word and the number that a key is made of; no number where it is made otherwise."""
    match key:
        case ast.BinOp(
            left=ast.Constant(value=str() as word), op=ast.Add(),
            right=ast.Call(func=ast.Name(id="str"), args=[index]),
        ):  # fmt: skip
            return word, index
        case ast.JoinedStr(
            values=[ast.Constant(value=str() as word), ast.FormattedValue(value=index)]
        ):
            return word, index
        case ast.BinOp(left=ast.Constant(value=str() as word), op=ast.Mod(), right=index):
            return word.rstrip("dis").removesuffix("%"), index
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str() as word), attr="format"),
            args=[index],
        ) if word.endswith("{}"):
            return word.removesuffix("{}"), index
    return "", None


def _first(tree: ast.AST, index: ast.expr) -> list[int]:
    """The first number of a loop over layers; none where no loop is seen: ``str(L)``."""
    more = 0
    match index:
        case ast.BinOp(left=inner, op=ast.Add(), right=ast.Constant(value=int() as one)):
            index, more = inner, one
    for node in ast.walk(tree):
        match node:
            case (
                ast.For(target=target, iter=ast.Call(func=ast.Name(id="range"), args=given))
                | ast.comprehension(
                    target=target, iter=ast.Call(func=ast.Name(id="range"), args=given)
                )
            ) if ast.unparse(target) == ast.unparse(index):
                start = given[0] if len(given) > 1 else ast.Constant(0)
                if isinstance(start, ast.Constant) and isinstance(start.value, int):
                    return [start.value + more]
    return []
