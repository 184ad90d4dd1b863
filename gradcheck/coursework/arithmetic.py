"""Arithmetic as it stands in a source: in one spelling, its factors, what is moved by a step."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

from gradcheck.adapters.chunks import DIVIDED

#: A number that is divided by is a step if it is at most this.
STEP = 1e-2
#: How a step is spelt that is such a number.
SMALL = "a small number"


class Plain(ast.NodeTransformer):
    """Arithmetic in one spelling: ``np.divide(a, b)``, ``a /= b`` and ``-b + a`` as operators."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        function = node.func
        if isinstance(function, ast.Name) and function.id == DIVIDED and len(node.args) == 2:
            return self._made(node, node.args[0], ast.Div(), node.args[1])
        if isinstance(function, ast.Attribute) and is_library(function.value):
            kind = _UFUNCS.get(function.attr)
            if kind is not None and len(node.args) >= 2:
                return self._made(node, node.args[0], kind(), node.args[1])
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        made = self._made(node, node.target, node.op, node.value)
        return ast.copy_location(ast.Assign([node.target], made), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Add):
            for one, other in ((node.left, node.right), (node.right, node.left)):
                if isinstance(one, ast.UnaryOp) and isinstance(one.op, ast.USub):
                    return self._made(node, other, ast.Sub(), one.operand)
        return node

    def _made(
        self, at: ast.expr | ast.stmt, left: ast.expr, kind: ast.operator, right: ast.expr
    ) -> ast.BinOp:
        return ast.copy_location(ast.BinOp(left, kind, right), at)


_UFUNCS: dict[str, type[ast.operator]] = {
    "add": ast.Add, "subtract": ast.Sub, "multiply": ast.Mult, "divide": ast.Div,
    "true_divide": ast.Div,
}  # fmt: skip


def text_of(node: ast.AST) -> str:
    """How a name is spelt, with its dots; empty for what is none."""
    if isinstance(node, ast.Name):
        return node.id
    owner = text_of(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{owner}.{node.attr}" if isinstance(node, ast.Attribute) and owner else ""


def is_subtraction(node: ast.AST) -> TypeGuard[ast.BinOp]:
    """Whether it is one thing minus another."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)


def factors(node: ast.expr, *, divisors: bool = True) -> Iterator[ast.expr]:
    """The factors of a product or quotient, without signs; ``divisors`` count, or do not."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        yield from factors(node.left, divisors=divisors)
        if divisors or isinstance(node.op, ast.Mult):
            yield from factors(node.right, divisors=divisors)
    elif isinstance(node, ast.UnaryOp):
        yield from factors(node.operand, divisors=divisors)
    else:
        yield node


def given_to(call: ast.Call) -> list[ast.expr]:
    """What a call works on: its arguments, and the object of a method."""
    own = [call.func.value] if isinstance(call.func, ast.Attribute) else []
    return [*own, *call.args, *(one.value for one in call.keywords)]


def is_moved(node: ast.AST, step: frozenset[str]) -> bool:
    """Whether it is something plus or minus a step, or a multiple of one, as ``1j * h * unit``."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Add | ast.Sub):
        return False
    sides = (node.left, node.right)
    return any(is_step(one, step) for side in sides for one in factors(side, divisors=False))


def moved_from(node: ast.AST, step: frozenset[str]) -> set[str]:
    """What something is that may be moved by a step, as it is written."""
    found = {ast.unparse(node)}
    if is_moved(node, step):
        assert isinstance(node, ast.BinOp)
        found |= {ast.unparse(node.left), ast.unparse(node.right)}
    return found


def whole_of(node: ast.expr) -> ast.expr:
    """What an entry is one of."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node


def is_step(node: ast.expr, step: frozenset[str]) -> bool:
    """Whether it is a step, or an entry of one, by the names that ``step`` gives it."""
    node = whole_of(node)
    return text_of(node) in step or (SMALL in step and is_small(node))


def is_step_alone(node: ast.expr, step: frozenset[str]) -> bool:
    """Whether it is a step, or a multiple of one."""
    parts = list(factors(node))
    return any(is_step(one, step) for one in parts) and all(
        isinstance(one, ast.Constant) or is_step(one, step) for one in parts
    )


def is_small(node: ast.AST) -> bool:
    """Whether it is a number that may be a step."""
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, float | complex)
        and 0 < abs(node.value) <= STEP
    )


def is_large(node: ast.Constant) -> bool:
    """Whether it is one over such a number."""
    return isinstance(node.value, int | float) and abs(node.value) >= 1 / STEP


def is_library(node: ast.expr) -> bool:
    """Whether it is a module of functions of numbers."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in ("np", "numpy", "math", "scipy")
