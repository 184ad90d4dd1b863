"""Numerical differentiation, seen in the source: for assignments that do not allow it.

A rule that divides a difference of a function by a step answers rightly, so no array tells. What
is looked for is ``(f(x + h) - f(x - h)) / (2 * h)`` in any spelling with names, ``f(x + ih).imag /
h``, and the functions of libraries that do it. It is a reading of the source, not a proof: whoever
hides it on purpose can. It is done before a line of the submission runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

#: Functions of libraries that take differences.
_LIBRARY = {
    "approx_fprime", "approx_derivative", "check_grad", "numdifftools", "derivative",
    "measure_jacobian", "measure_jvp",
}  # fmt: skip
#: A number that is divided by is a step if it is at most this.
_STEP = 1e-2


@dataclass(frozen=True)
class Differencing:
    """A function of the submission that takes differences, itself or by what it calls."""

    name: str
    line: int


@dataclass
class _Function:
    """A function of the source: what it mentions, and where it takes differences itself."""

    name: str
    mentions: set[str] = field(default_factory=set)
    line: int = 0


def differencing(source: str) -> list[Differencing]:
    """The functions that take differences; none where the source is no Python."""
    try:
        functions = list(_functions(ast.parse(source), ""))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    by_name: dict[str, list[_Function]] = {}
    for function in functions:
        by_name.setdefault(function.name.rpartition(".")[2], []).append(function)
    found = []
    for function in functions:
        line = _reached(function, by_name)
        if line:
            found.append(Differencing(function.name, line))
    return found


def _reached(first: _Function, by_name: dict[str, list[_Function]]) -> int:
    """The line at which a function, or one that it reaches by name, takes differences."""
    seen, left = set(), [first]
    while left:
        function = left.pop()
        if id(function) in seen:
            continue
        seen.add(id(function))
        if function.line:
            return function.line
        left += [other for name in function.mentions for other in by_name.get(name, [])]
    return 0


def _functions(tree: ast.AST, prefix: str) -> Iterator[_Function]:
    for node in ast.iter_child_nodes(tree):
        name = f"{prefix}{node.name}" if isinstance(node, _NAMED) else ""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield _Function(name, set(_mentions(node)), _own(node))
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Lambda)
            and isinstance(node.targets[0], ast.Name)
        ):
            text = f"{prefix}{node.targets[0].id}"
            yield _Function(text, set(_mentions(node.value)), _own(node.value))
        if isinstance(node, ast.ClassDef | ast.If | ast.Try | ast.With):
            yield from _functions(node, f"{name}." if name else prefix)


_NAMED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _mentions(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            yield one.id
        elif isinstance(one, ast.Attribute):
            yield one.attr


def _own(function: ast.AST) -> int:
    """The line at which a function takes a difference itself; 0 where it does not."""
    called: dict[str, set[str]] = {}
    steps: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    called.setdefault(target.id, set()).update(_callees(node.value, called))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            steps |= {name for side in (node.left, node.right) for name in _names(side)}
        if isinstance(node, ast.AugAssign):
            steps |= _names(node.value)
            if isinstance(node.target, ast.Name):
                called.setdefault(node.target.id, set()).update(_callees(node.value, called))
    for node in ast.walk(function):
        if isinstance(node, ast.Name | ast.Attribute):
            text = node.id if isinstance(node, ast.Name) else node.attr
            if text in _LIBRARY:
                return node.lineno
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Div)
            and _is_step(node.right, steps)
            and _is_difference(node.left, called)
        ):
            return node.lineno
    return 0


def _is_step(divisor: ast.expr, steps: set[str]) -> bool:
    numbers = [
        node.value
        for node in ast.walk(divisor)
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]
    return bool(_names(divisor) & steps) or any(0 < abs(value) <= _STEP for value in numbers)


def _is_difference(numerator: ast.expr, called: dict[str, set[str]]) -> bool:
    for node in ast.walk(numerator):
        if isinstance(node, ast.Attribute) and node.attr == "imag":
            return True
        if _subtracted(node, called):
            return True
        if isinstance(node, ast.Name) and "-" in called.get(node.id, ()):
            return True
    return False


def _callees(node: ast.expr, called: dict[str, set[str]]) -> set[str]:
    """The functions whose values an expression is made of; ``"-"`` for a difference of one."""
    found: set[str] = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Call):
            function = one.func
            if isinstance(function, ast.Name):
                found.add(function.id)
            elif isinstance(function, ast.Attribute) and not _is_library(function.value):
                found.add(function.attr)
        elif isinstance(one, ast.Name):
            found |= called.get(one.id, set())
        elif _subtracted(one, called):
            found.add("-")
    return found


def _subtracted(node: ast.AST, called: dict[str, set[str]]) -> bool:
    """Whether it is a difference of two values of one function."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Sub):
        return False
    both = _callees(node.left, called) & _callees(node.right, called)
    return bool(both - {"-"})


def _is_library(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in ("np", "numpy", "math", "scipy")


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
