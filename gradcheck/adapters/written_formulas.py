"""The formula of a layer where it stands, so that a diagnosis can try edits of it."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from gradcheck.adapters.by_name import computing
from gradcheck.adapters.sources import nodes_of, tree_of
from gradcheck.adapters.style import Style
from gradcheck.answers import same
from gradcheck.claims import Rule, Written
from gradcheck.errors import DeclarationError

#: At most so many attributes and keys are tried in each other's place.
_MOST_BESIDE = 16


def written_of(
    style: Style,
    names: Sequence[str],
    forward: Callable[[Mapping[str, Any]], Any],
    pull: Callable[[str, Sequence[Any], Mapping[str, Any]], Any],
    declare: Callable[[str, Callable[..., Any]], Rule],
) -> Written | None:
    """Where the formula of a gradient stands; None where that is not Python code.

    That for the first of ``names``, beside those for the others. ``forward`` and ``pull`` compute
    the outputs and a gradient, whatever the code then is, and ``declare`` makes a rule of a
    function. An edit that changes the outputs as well raises ``ValueError``: it mends nothing.
    """
    source = inspect.unwrap(style.source) if style.source is not None else None
    if not isinstance(source, types.FunctionType):
        return None
    nested = any(isinstance(node, ast.FunctionDef) for node in _inside(source))
    both = nested or style.backward is None

    def rule_of(name: str, edited: Any) -> Rule:
        if edited.__code__.co_freevars != source.__code__.co_freevars:
            raise DeclarationError("it no longer uses a variable of what is around it")

        def gradient(*cotangents: Any, **values: Any) -> Any:
            before = forward(values) if both else None
            with computing(source, edited.__code__):
                if both and not same(before, forward(values)):
                    raise ValueError("the function has another value then")
                return pull(name, cotangents, values)

        return declare(name, gradient)

    return Written(
        source,
        lambda edited: rule_of(names[0], edited),
        lambda edited: [rule_of(name, edited) for name in names[1:]],
        _beside(source, style),
        nested,
    )


def _inside(function: types.FunctionType) -> Iterator[ast.AST]:
    """All nodes of the source of a function but its definition."""
    tree = tree_of(function)
    for definition in getattr(tree, "body", [])[:1]:
        for statement in getattr(definition, "body", []):
            yield from ast.walk(statement)


def _beside(function: types.FunctionType, style: Style) -> tuple[str, ...]:
    """The attributes of the object and the keys of dicts that stand for numbers in a formula.

    Those that the function uses, and those that are kept for it.
    """
    nodes = list(_inside(function))
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    first = next(iter(inspect.signature(function).parameters), "")
    own: dict[str, None] = {}
    held: dict[str, None] = {}
    for node in nodes:
        if not isinstance(getattr(node, "ctx", None), ast.Load) or id(node) in called:
            continue
        match node:
            case ast.Attribute(value=ast.Name(id=name)) if name == first:
                own[ast.unparse(node)] = None
            case ast.Subscript(value=value, slice=ast.Constant(value=str())):
                held.setdefault(ast.unparse(value))
                own[ast.unparse(node)] = None
    own = {text: None for text in own if text not in held}
    keeps = style.make if inspect.isclass(style.make) else style.forward(None)
    for node in nodes_of(keeps):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute, ctx=ast.Store()):
                if name == first and f"{first}.{attribute}" not in held:
                    own[f"{first}.{attribute}"] = None
            case ast.Dict(keys=keys) if len(held) == 1:
                (text,) = held
                own |= {f"{text}[{key.value!r}]": None for key in keys if _is_word(key)}
            case ast.Subscript(slice=key, ctx=ast.Store()) if len(held) == 1 and _is_word(key):
                (text,) = held
                own[f"{text}[{key.value!r}]"] = None
    return tuple(own)[:_MOST_BESIDE]


def _is_word(node: Any) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
