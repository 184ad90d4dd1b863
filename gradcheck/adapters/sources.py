"""What the source of a function says: its tree, and the words that an argument may be."""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import inspect
import re
import textwrap
from collections.abc import Mapping
from types import CodeType, FunctionType
from typing import Any

from gradcheck.adapters.style import Style

#: What Python 2 wrote otherwise, and how it is written now.
_REWRITTEN = [
    (re.compile(pattern, re.MULTILINE), now)
    for pattern, now in (
        (r"^([ \t]*)print[ \t]+(?!\()(.*)$", r"\1print(\2)"),
        (r"^([ \t]*)print$", r"\1print()"),
        (r"^([ \t]*except[ \t]+[\w.]+)[ \t]*,[ \t]*(\w+)\s*:", r"\1 as \2:"),
        (r"^([ \t]*raise[ \t]+[\w.]+)[ \t]*,[ \t]*(.+)$", r"\1(\2)"),
        (r"\.iter(items|keys|values)\(", r".\1("),
    )
]


def as_python_3(text: str) -> str:
    """A source with what Python 2 wrote otherwise as it is written now."""
    for pattern, now in _REWRITTEN:
        text = pattern.sub(now, text)
    return text


def source_of(function: Any) -> str:
    """The source of a function or class; an empty one where it is not at hand."""
    own = getattr(function, "__func__", function)  # a method's, which is the same for each object
    if isinstance(own, FunctionType | type):
        return _source_of(own, getattr(own, "__code__", None))
    return _read(function)


@functools.lru_cache(maxsize=1024)
def _source_of(own: Any, code: CodeType | None) -> str:
    """Of a function as long as its code is this: it may be edited, and put back."""
    return _read(own)


def _read(function: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError, SyntaxError, ValueError):
        return ""


def tree_of(function: Any) -> ast.AST:
    """The source of a function or class as a tree; an empty one where it is not at hand.

    The same for everybody who asks, so that nobody may change it.
    """
    return tree_in(source_of(function))


def nodes_of(function: Any) -> tuple[ast.AST, ...]:
    """The nodes of that tree, as ``ast.walk`` gives them."""
    return _nodes_in(tree_of(function))


@functools.lru_cache(maxsize=1024)
def _nodes_in(tree: ast.AST) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree))


@functools.lru_cache(maxsize=1024)
def tree_in(text: str) -> ast.AST:
    """A source as a tree, as of ``tree_of``; an empty one where it is no Python."""
    for one in (text, as_python_3(text)):
        with contextlib.suppress(SyntaxError, ValueError):
            return ast.parse(one)
    return ast.Module([], [])


def missing_names(function: Any) -> list[str]:
    """The variables of its module that a function reads and that are not there."""
    inner = inspect.unwrap(function)
    nodes = nodes_of(inner)
    names = [node for node in nodes if isinstance(node, ast.Name)]
    known = {*inner.__globals__, *dir(builtins)}
    known |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
    known |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    known |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    return [name for name in dict.fromkeys(node.id for node in names) if name not in known]


def words_for(function: Any, name: str) -> list[str]:
    """The words that a function compares an argument with, or looks up in a dict of its file."""
    found: dict[str, None] = {}
    space = getattr(function, "__globals__", {})
    for node in nodes_of(function):
        match node:
            case ast.Compare(
                left=ast.Name(id=held), ops=[ast.Eq()], comparators=[ast.Constant(str() as word)]
            ) if held == name:
                found[word] = None
            case ast.Subscript(value=ast.Name(id=table), slice=ast.Name(id=held)) if held == name:
                known = space.get(table)
                words = known if isinstance(known, Mapping) else ()
                found |= {word: None for word in words if isinstance(word, str)}
            case ast.Dict(keys=keys) if _is_looked_up(function, node, name):
                written = [key.value for key in keys if isinstance(key, ast.Constant)]
                found |= {word: None for word in written if isinstance(word, str)}
    return list(found)


#: What a source compares a word for the mode with.
_TRAIN = ("train", "training")
_EVALUATE = (
    "test", "eval", "evaluate", "evaluation", "inference", "infer", "valid", "validation", "val",
    "predict",
)  # fmt: skip


def mode_words(style: Style) -> tuple[str, str] | None:
    """The words for train and eval that a layer is told; None where it knows none."""
    if style.make is not None:
        return _mode_words(inspect.unwrap(style.make))
    return _mode_words(inspect.unwrap(style.forward(None)))


@functools.cache
def _mode_words(source: Any) -> tuple[str, str] | None:
    written = {
        node.value
        for node in nodes_of(source)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    train = next((word for word in _TRAIN if word in written), "")
    other = next((word for word in _EVALUATE if word in written), "")
    # ``if mode == "train"`` alone means the other with whatever else.
    return (train, other or _EVALUATE[0]) if train else None


def _is_looked_up(function: Any, table: ast.Dict, name: str) -> bool:
    """Whether a dict that is written out is subscripted by a name where it stands."""
    return any(
        isinstance(node, ast.Subscript)
        and ast.dump(node.value) == ast.dump(table)
        and isinstance(node.slice, ast.Name)
        and node.slice.id == name
        for node in nodes_of(function)
    )


#: What makes arrays of a shape that it is told.
_MAKERS = {
    "randn", "rand", "zeros", "ones", "normal", "uniform", "empty", "full", "standard_normal",
    "random",
}  # fmt: skip


def counts_of(make: Any) -> set[str]:
    """The arguments of a constructor that are sizes: ``np.zeros((filters, k, k))``."""
    found: set[str] = set()
    for node in nodes_of(inspect.getattr_static(make, "__init__", make)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            given = [*node.args, *(word.value for word in node.keywords)]
            flat = [p for one in given for p in (one.elts if isinstance(one, ast.Tuple) else [one])]
            if called in _MAKERS:
                found |= {part.id for part in flat if isinstance(part, ast.Name)}
    return found
