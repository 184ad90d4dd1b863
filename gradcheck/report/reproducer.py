"""A failure as a few lines of Python that stand alone: numpy and gradcheck are all they need."""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
import textwrap
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.claims import Derivation, Identity, Rule

#: What is longer is no few lines any more.
_MOST_LINES = 60
_MOST_COLUMNS = 2000
#: What reads the report's own case again.
_CALL = "replay"


class _Needed(Exception):
    """Something that lines of text cannot bring along."""


def reproducer(claim: Rule | Identity, case: Case) -> str:
    """A script that judges ``claim`` at ``case`` again; empty where there is none.

    There is none where a source is not at hand, or uses what is defined out of sight: a closure, a
    module other than numpy, a value that is no plain number or string.
    """
    try:
        text = _Script().of(claim, case)
    except (_Needed, OSError, TypeError, SyntaxError):
        return ""
    lines = text.splitlines()
    if len(lines) > _MOST_LINES or max(map(len, lines)) > _MOST_COLUMNS:
        return ""
    return text


class _Script:
    """The parts of a script, each before what uses it."""

    def __init__(self) -> None:
        self.imports: dict[str, None] = {}
        self.ours: set[str] = {"Case", _CALL}
        self.parts: list[str] = []
        self.known: dict[str, Any] = {}

    def of(self, claim: Rule | Identity, case: Case) -> str:
        name = self._definition(claim)
        call = f"{_CALL}({name}, {case!r})"
        if self.known.get("np", np) is not np:
            raise _Needed  # the case is written in terms of it
        self.imports["import numpy as np"] = None
        imports = [*self.imports, f"from gradcheck import {', '.join(sorted(self.ours))}"]
        return "\n\n".join(["\n".join(imports), *self.parts, call])

    def _definition(self, declared: Derivation | Rule | Identity | FunctionType) -> str:
        """Write a function as it stands in its file, with its decorators, after what it uses."""
        function = declared if isinstance(declared, FunctionType) else declared.function
        function = inspect.unwrap(function)
        if not isinstance(function, FunctionType) or "<locals>" in function.__qualname__:
            raise _Needed  # what it uses may be local too
        source = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(source).body[0]
        if not isinstance(tree, ast.FunctionDef):
            raise _Needed  # a lambda in the middle of a line
        if isinstance(declared, Rule):
            # Under the name that its decorator says; another rule may bear the same one.
            self._name(tree.decorator_list, declared.derivation)
        for name in _free_names(tree):
            if name != tree.name or name in _decorators(tree):
                self._bring(name, function.__globals__)
        if self.known.get(tree.name, declared) is not declared and not isinstance(declared, Rule):
            raise _Needed  # two things of one name
        self.known[tree.name] = declared
        self.parts.append(_without_docstring(source, tree))
        return tree.name

    def _name(self, decorators: list[ast.expr], owner: Derivation) -> None:
        roots = {n.id for d in decorators for n in ast.walk(d) if isinstance(n, ast.Name)}
        if owner.name not in roots:
            raise _Needed
        if owner.name not in self.known:
            self._definition(owner)
        elif self.known[owner.name] is not owner:
            raise _Needed

    def _bring(self, name: str, namespace: dict[str, Any]) -> None:
        """See to it that ``name`` means the same in the script."""
        if name not in namespace:
            if hasattr(builtins, name):
                return
            raise _Needed
        value = namespace[name]
        if name in self.known:
            if self.known[name] is not value:
                raise _Needed
            return
        if isinstance(value, ModuleType):
            if value.__name__.partition(".")[0] != "numpy":
                raise _Needed
            self.imports[f"import {value.__name__} as {name}"] = None
        elif value is getattr(sys.modules["gradcheck"], name, None):
            self.ours.add(name)
        elif value is getattr(np, name, None):
            self.imports[f"from numpy import {name}"] = None
        elif isinstance(value, Derivation | Rule | Identity | FunctionType):
            written = self._definition(value)
            if written != name:
                self.parts.append(f"{name} = {written}")
        elif _is_literal(value):
            self.parts.append(f"{name} = {value!r}")
        else:
            raise _Needed
        self.known[name] = value


def _free_names(tree: ast.FunctionDef) -> Iterator[str]:
    """The names that a function and its decorators read and do not bind."""
    bound = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and _stored(n)}
    bound |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    bound |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n is not tree}
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Global):
            raise _Needed
        if isinstance(node, ast.Name) and not _stored(node):
            found[node.id] = None
    yield from (name for name in found if name not in bound)


def _is_literal(value: Any) -> bool:
    """Whether the text of a value is the value: numbers, strings, and collections of them."""
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError):
        return False


def _stored(node: ast.Name) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _decorators(tree: ast.FunctionDef) -> set[str]:
    return {n.id for d in tree.decorator_list for n in ast.walk(d) if isinstance(n, ast.Name)}


def _without_docstring(source: str, tree: ast.FunctionDef) -> str:
    """The lines of a function that run; comments stay."""
    lines = source.rstrip().splitlines()
    first = tree.body[0]
    if ast.get_docstring(tree) is not None and len(tree.body) > 1:
        assert first.end_lineno is not None
        del lines[first.lineno - 1 : first.end_lineno]
    return "\n".join(line for line in lines if line.strip())
