"""What a file gives the derivative of an activation: what the activation is given, or its answer.

``tanh_prime(x)`` that returns ``1 - x**2`` is right where it is called with ``tanh(z)`` and wrong
where it is called with ``z``. Every call of a file counts, also in what is not run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

#: So many names are followed that stand for one value: ``z = self.z``.
_MOST_ALIASES = 4


@dataclass
class Usage:
    """The lines that give a derivative what its function takes, and those that give its output."""

    input: list[int] = field(default_factory=list)
    output: list[int] = field(default_factory=list)

    @property
    def settled(self) -> str:
        """``"input"`` or ``"output"`` where all calls agree; empty where they do not."""
        if bool(self.input) == bool(self.output):
            return ""
        return "input" if self.input else "output"

    def both(self) -> str:
        """Which calls do which, in words."""
        return f"{_lines(self.output)} the former, {_lines(self.input)} the latter"

    def said(self) -> str:
        """What settles it, in words."""
        return _lines(self.input or self.output)


def _lines(found: Sequence[int]) -> str:
    distinct = sorted(set(found))
    if len(distinct) == 1:
        return f"line {distinct[0]} gives it"
    return f"lines {', '.join(map(str, distinct))} give it"


def usage_of(trees: Sequence[ast.Module], function: str, derivative: str, flag: str = "") -> Usage:
    """How a derivative is called; with a ``flag`` it is a call of the function that sets it."""
    found = Usage()
    for tree in trees:
        for scope, whole in _scopes(tree):
            values = _values(scope, whole)
            calls = [node for node in _own(scope) if isinstance(node, ast.Call)]
            asked = [c for c in calls if _is_derivative(c, function, derivative, flag)]
            taken = {
                text
                for node in _own(whole)
                if isinstance(node, ast.Call) and _called(node) == function and node.args
                and node not in asked and not _is_derivative(node, function, derivative, flag)
                for text in _names_of(node.args[0], values)
            }  # fmt: skip
            for call in asked:
                if not call.args:
                    continue
                names = _names_of(call.args[0], values)
                if any(
                    _is_answer(one, function, derivative, flag, values) for one in names.values()
                ):
                    found.output.append(call.lineno)
                elif set(names) & taken:
                    found.input.append(call.lineno)
    return found


def _scopes(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Functions and the module, each with what its attributes are shared with: its class."""
    yield tree, tree
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for one in node.body:
                if isinstance(one, ast.FunctionDef):
                    yield one, node
        elif isinstance(node, ast.FunctionDef) and not _in_class(tree, node):
            yield node, node


def _in_class(tree: ast.Module, function: ast.FunctionDef) -> bool:
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return any(function in one.body for one in classes)


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope; a module's are those outside of its functions and classes."""
    if not isinstance(scope, ast.Module):
        yield from ast.walk(scope)
        return
    for statement in scope.body:
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from ast.walk(statement)


def _values(scope: ast.AST, whole: ast.AST) -> dict[str, list[ast.expr]]:
    """What names of a scope are given, and attributes anywhere in its class."""
    found: dict[str, list[ast.expr]] = {}
    for holder in (scope, whole) if scope is not whole else (scope,):
        for node in _own(holder):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Attribute) or holder is scope:
                        found.setdefault(ast.unparse(target), []).append(node.value)
    return found


def _names_of(given: ast.expr, values: dict[str, list[ast.expr]]) -> dict[str, ast.expr]:
    """An expression, and what it stands for where it is a name: by how each is written."""
    found: dict[str, ast.expr] = {ast.unparse(given): given}
    new = [given]
    for _ in range(_MOST_ALIASES):
        new = [value for one in new for value in values.get(ast.unparse(one), [])]
        found |= {ast.unparse(one): one for one in new}
    return found


def _called(call: ast.Call) -> str:
    """The last part of the name by which a function is called."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_derivative(call: ast.Call, function: str, derivative: str, flag: str) -> bool:
    if not flag:
        return _called(call) == derivative
    given = [word.value for word in call.keywords if word.arg == flag] or call.args[1:2]
    return (
        _called(call) == function
        and bool(given)
        and isinstance(given[0], ast.Constant)
        and bool(given[0].value)
    )


def _is_answer(
    given: ast.expr, function: str, derivative: str, flag: str, values: dict[str, list[ast.expr]]
) -> bool:
    return (
        isinstance(given, ast.Call)
        and _called(given) == function
        and not _is_derivative(given, function, derivative, flag)
    )
