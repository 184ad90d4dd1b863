"""Arrays that a file makes in float32, as ``np.empty(shape, dtype='f')`` does, made in float64.

What is rounded to float32 on its way through a layer hides all but large errors of its gradients.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from gradcheck.adapters.sources import tree_of
from gradcheck.adapters.style import Style

#: Words for the dtype, and those for the wider one.
_WIDER = {"f": "d", "f4": "f8", "<f4": "<f8", "float32": "float64", "single": "double"}


@contextlib.contextmanager
def in_double(style: Style) -> Iterator[bool]:
    """With float64 wherever the functions of a layer's file say float32; gives whether any do."""
    changed: list[tuple[FunctionType, CodeType]] = []
    for function in _functions(style):
        wider = _widened(function.__code__, _words(function))
        if wider != function.__code__:
            changed.append((function, function.__code__))
            function.__code__ = wider
    try:
        yield bool(changed)
    finally:
        for function, code in changed:
            function.__code__ = code


def _functions(style: Style) -> Iterator[FunctionType]:
    """The functions and methods of the file that a layer stands in."""
    source = inspect.unwrap(style.source) if style.source is not None else None
    if not isinstance(source, FunctionType):
        return
    seen: set[int] = set()
    for one in list(source.__globals__.values()):
        own = vars(one).values() if inspect.isclass(one) else (one,)
        for held in own:
            function = getattr(held, "__func__", held)
            here = isinstance(function, FunctionType) and id(function) not in seen
            if here and function.__code__.co_filename == source.__code__.co_filename:
                seen.add(id(function))
                yield function


def _words(function: FunctionType) -> set[str]:
    """The words in a function that are dtypes wherever they stand."""
    told: list[ast.expr] = []
    tree = tree_of(function)
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="dtype", value=value):
                told.append(value)
            case ast.Call(func=ast.Attribute(attr="astype"), args=[value, *_]):
                told.append(value)
    dtypes = {id(one) for one in told}
    written = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and n.value in _KNOWN]
    others = {str(one.value) for one in written if id(one) not in dtypes}
    return {str(one.value) for one in written} - others


_KNOWN = tuple(_WIDER)


def _widened(code: CodeType, words: set[str]) -> CodeType:
    def wider(value: Any) -> Any:
        if isinstance(value, CodeType):
            return _widened(value, words)
        return _WIDER[value] if isinstance(value, str) and value in words else value

    names = tuple("float64" if name == "float32" else name for name in code.co_names)
    constants = tuple(map(wider, code.co_consts))
    same = names == code.co_names and all(
        one is other for one, other in zip(constants, code.co_consts, strict=True)
    )
    return code if same else code.replace(co_names=names, co_consts=constants)
