"""What a slip of the pen makes of one node of a function's source: its neighbours, by kind.

A neighbour differs from the node by one token, or by one small thing that people forget or add: a
sign, an axis, a transpose, a term. Each kind is one function below.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: A kind of slip, and what it makes of the node.
Neighbour = tuple[str, ast.AST]

#: Operators that are taken for each other.
_OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Mult,),
    ast.Sub: (ast.Mult,),
    ast.Mult: (ast.Div, ast.Add, ast.MatMult),
    ast.Div: (ast.Mult, ast.Sub),
    ast.MatMult: (ast.Mult,),
    ast.FloorDiv: (ast.Div, ast.Mult),
    ast.Mod: (ast.Mult,),
}
_SIGNS: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Sub: ast.Add}
_OPPOSITES: dict[type[ast.operator], type[ast.operator]] = {
    **_SIGNS, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip
#: Operators for which the order of the operands matters.
_ORDERED = (ast.Sub, ast.Div, ast.MatMult)
_UFUNCS: dict[type[ast.operator], str] = {
    ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide",
}  # fmt: skip
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Eq: (ast.NotEq, ast.GtE),
    ast.NotEq: (ast.Eq,),
}
#: Functions and methods that are taken for each other.
_FUNCTIONS: dict[str, tuple[str, ...]] = {
    "sin": ("cos",), "cos": ("sin",), "tan": ("tanh",), "sinh": ("cosh",), "cosh": ("sinh",),
    "tanh": ("sinh", "arctanh"), "arctan": ("arctanh",),
    "exp": ("log", "expm1"), "log": ("exp", "log1p"), "expm1": ("exp",), "log1p": ("log",),
    "log2": ("log",), "log10": ("log",), "exp2": ("exp",),
    "sqrt": ("square",), "square": ("sqrt", "abs"), "abs": ("sign", "square"), "sign": ("abs",),
    "maximum": ("minimum",), "minimum": ("maximum",), "max": ("min", "sum"), "min": ("max",),
    "argmax": ("argmin",), "argmin": ("argmax",),
    "sum": ("mean", "max"), "mean": ("sum",), "prod": ("sum",), "cumsum": ("cumprod",),
    "var": ("std",), "std": ("var",),
    "zeros_like": ("ones_like",), "ones_like": ("zeros_like",), "zeros": ("ones",),
    "ones": ("zeros",), "outer": ("multiply",), "tril": ("triu",), "triu": ("tril",),
    "floor": ("ceil",), "ceil": ("floor",),
}  # fmt: skip
#: Elementwise functions that can be forgotten: ``np.exp(a)`` for ``a``.
_FORGOTTEN = {
    "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "exp", "log", "expm1", "log1p", "sqrt",
    "square", "abs", "sign", "log2", "exp2",
}  # fmt: skip
_REDUCTIONS = {"sum", "mean", "max", "min", "prod", "var", "std"}
_TRANSPOSITIONS = {"transpose", "swapaxes", "moveaxis"}
_COPIES = {"copy", "array"}
#: Functions for which the sign of the argument means nothing, or is that of the answer.
SIGNLESS = _REDUCTIONS | _TRANSPOSITIONS | _COPIES | {
    "len", "range", "zip", "enumerate", "int", "float", "zeros", "ones", "eye", "arange", "empty",
    "zeros_like", "ones_like", "empty_like", "diag", "outer", "where", "dot", "matmul", "einsum",
}  # fmt: skip
_AXES = (0, 1, -1, -2)
#: For ``np.where`` and ``if``: condition, and the two branches.
_CONDITIONAL = 3


@dataclass(frozen=True)
class Scope:
    """The names that a function's expressions may use."""

    parameters: Sequence[str]
    #: The function's own variables, each with the line from which on it has a value.
    variables: Mapping[str, int] = field(default_factory=dict)
    #: The names of modules, and what numpy is called; empty where it has no name.
    modules: frozenset[str] = frozenset()
    numpy: str = ""
    #: Expressions that stand for numbers as variables do: attributes of an object, keys of a dict.
    beside: Sequence[str] = ()

    def earlier(self, node: ast.expr) -> list[str]:
        """The variables that have a value where a node stands."""
        return [name for name, first in self.variables.items() if first < node.lineno]


def renamed(node: ast.expr, scope: Scope) -> Iterator[Neighbour]:
    """An expression with another name or attribute wherever it has one that it has twice."""
    texts = Counter(
        ast.unparse(one)
        for one in ast.walk(node)
        if isinstance(one, ast.Name | ast.Attribute | ast.Subscript)
    )
    known = list(dict.fromkeys([*scope.beside, *scope.earlier(node), *scope.parameters]))
    for text in (text for text, times in texts.items() if times > 1 and text in known):
        for other in known:
            if other != text:
                renaming = _Renaming(text, ast.parse(other, mode="eval").body)
                yield "variable", renaming.visit(copy.deepcopy(node))


class _Renaming(ast.NodeTransformer):
    """Puts one expression wherever another stands."""

    def __init__(self, text: str, other: ast.expr) -> None:
        self.text, self.other = text, other

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.expr) and ast.unparse(node) == self.text:
            return self.other
        return self.generic_visit(node)


def neighbours(node: ast.AST, role: str, scope: Scope) -> Iterator[Neighbour]:
    """Every neighbour of ``node``.

    ``role`` is what the node is used as: ``"returned"``, ``"value"`` for what gets a name,
    ``"operand"`` of an operator, ``"index"``, ``"power"``, ``"axis"``, ``"called"``, or empty.
    """
    if role == "axis":
        yield from _axis(node)
        return
    if role == "power":
        yield from _power(node)
        return
    match node:
        case ast.BinOp():
            yield from _binary(node, scope)
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert()):
            yield "sign" if isinstance(node.op, ast.USub) else "comparison", node.operand
        case ast.Compare():
            yield from _comparison(node)
        case ast.Call():
            yield from _call(node, scope)
        case ast.Attribute():
            yield from _attribute(node, role)
        case ast.Subscript():
            yield from _subscript(node)
        case ast.Constant():
            yield from _constant(node, role)
        case ast.Name(ctx=ast.Load()) if role != "called":
            yield from _variable(node, scope)
        case ast.IfExp():
            yield from (("term", node.body), ("term", node.orelse))
        case ast.Tuple(ctx=ast.Load()):
            yield from (("order", ast.Tuple(parts, ast.Load())) for parts in _swapped(node.elts))
        case ast.Assign() | ast.AugAssign() | ast.Expr():
            yield from _statement(node, scope)
    if scope.beside and isinstance(node, ast.Attribute | ast.Subscript) and role != "called":
        yield from _beside(node, scope)
    if isinstance(node, ast.Tuple) or not isinstance(node, ast.expr):
        return
    if role in ("returned", "value"):
        yield from _whole(node, scope if role == "returned" else Scope(()))
    elif role == "operand":
        yield from _operand(node)


def _binary(node: ast.BinOp, scope: Scope) -> Iterator[Neighbour]:
    left, op, right = node.left, node.op, node.right
    if (opposite := _SIGNS.get(type(op))) is not None:
        yield "sign", ast.BinOp(left, opposite(), right)
        yield "term", left
        yield "term", _negated(right) if isinstance(op, ast.Sub) else right
        yield "sign", ast.BinOp(_negated(left), op, right)
    if isinstance(op, ast.Mult | ast.MatMult | ast.Div):
        yield "factor", left
        yield "factor", ast.BinOp(_number(1), op, right) if isinstance(op, ast.Div) else right
    for other in _OPERATORS.get(type(op), ()):
        yield "operator", ast.BinOp(left, other(), right)
    if isinstance(op, _ORDERED):
        yield "order", ast.BinOp(right, op, left)
    if isinstance(op, ast.Div):
        yield "power", ast.BinOp(left, op, _raised(right, 2))
    if isinstance(op, ast.Pow):
        yield "power", left
        yield "operator", ast.BinOp(left, ast.Mult(), right)
        if not isinstance(right, ast.Constant):
            yield "power", ast.BinOp(left, op, ast.BinOp(right, ast.Add(), _number(1)))
            yield "power", ast.BinOp(left, op, ast.BinOp(right, ast.Sub(), _number(1)))
    ufunc = _UFUNCS.get(type(op))
    if ufunc and scope.numpy and isinstance(left, ast.Name) and left.id in scope.parameters:
        function = ast.Attribute(ast.Name(scope.numpy, ast.Load()), ufunc, ast.Load())
        yield "in-place", ast.Call(function, [left, right], [ast.keyword("out", left)])


def _whole(node: ast.expr, scope: Scope) -> Iterator[Neighbour]:
    """What goes wrong with a value as a whole."""
    if not isinstance(node, ast.UnaryOp):
        yield "sign", _negated(node)
    yield "transpose", ast.Attribute(node, "T", ast.Load())
    for axis in (0, -1):
        yield "sum", _method(node, "sum", axis=_number(axis))
    yield "constant", ast.BinOp(_number(2), ast.Mult(), node)
    yield "constant", ast.BinOp(node, ast.Div(), _number(2))
    for name in scope.parameters:
        size = ast.Call(ast.Name("len", ast.Load()), [ast.Name(name, ast.Load())], [])
        yield "factor", ast.BinOp(node, ast.Div(), size)
        yield "factor", ast.BinOp(node, ast.Mult(), size)


def _operand(node: ast.expr) -> Iterator[Neighbour]:
    """What goes wrong with one operand of a product or sum."""
    if isinstance(node, ast.Name | ast.Call | ast.Subscript):
        yield "transpose", ast.Attribute(node, "T", ast.Load())
        yield "power", _raised(node, 2)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield "sum", _method(node, "sum")
        yield "sum", _method(node, "sum", axis=_number(-1), keepdims=ast.Constant(True))


def _comparison(node: ast.Compare) -> Iterator[Neighbour]:
    for other in _COMPARISONS.get(type(node.ops[0]), ()):
        yield "comparison", ast.Compare(node.left, [other(), *node.ops[1:]], node.comparators)


def _attribute(node: ast.Attribute, role: str) -> Iterator[Neighbour]:
    if node.attr == "T":
        yield "transpose", node.value
    if role == "called":
        for other in _FUNCTIONS.get(node.attr, ()):
            yield "function", ast.Attribute(node.value, other, ast.Load())
    elif node.attr == "size":
        yield "axis", ast.Call(ast.Name("len", ast.Load()), [node.value], [])


def _call(node: ast.Call, scope: Scope) -> Iterator[Neighbour]:
    arguments, name = node.args, getattr(node.func, "attr", getattr(node.func, "id", ""))
    plain = isinstance(node.func, ast.Name) or _root(node.func) in scope.modules
    # The first argument of a function, or that of which it is a method.
    receiver: ast.expr | None = getattr(node.func, "value", None)
    if plain:
        receiver = arguments[0] if arguments else None
    if receiver is not None and not isinstance(receiver, ast.Starred):
        if name in _REDUCTIONS:
            yield "sum", receiver
            yield from _reduction(node, arguments[1:] if plain else arguments)
        elif name in _TRANSPOSITIONS:
            yield "transpose", receiver
        elif name in _COPIES:
            yield "in-place", receiver
        elif name in _FORGOTTEN:
            yield "function", receiver
    if name == "len" and arguments:
        shape = ast.Attribute(arguments[0], "shape", ast.Load())
        yield "axis", ast.Subscript(shape, _number(-1), ast.Load())
        yield "axis", ast.Attribute(arguments[0], "size", ast.Load())
    if plain and arguments and name not in SIGNLESS and not _is_literal(arguments[0]):
        yield "sign", ast.Call(node.func, [_negated(arguments[0]), *arguments[1:]], node.keywords)
    if name == "where" and len(arguments) == _CONDITIONAL:
        yield from (("term", arguments[1]), ("term", arguments[2]))
    kind = "transpose" if name == "outer" else "order"
    for parts in _swapped(arguments):
        yield kind, ast.Call(node.func, parts, node.keywords)


def _reduction(node: ast.Call, positional: list[ast.expr]) -> Iterator[Neighbour]:
    given = {keyword.arg for keyword in node.keywords}
    if "keepdims" in given:
        fewer = [keyword for keyword in node.keywords if keyword.arg != "keepdims"]
        yield "keepdims", ast.Call(node.func, node.args, fewer)
    elif "axis" in given or positional:
        more = [*node.keywords, ast.keyword("keepdims", ast.Constant(True))]
        yield "keepdims", ast.Call(node.func, node.args, more)
    if "axis" in given:
        fewer = [keyword for keyword in node.keywords if keyword.arg != "axis"]
        yield "axis", ast.Call(node.func, node.args, fewer)
    elif not positional:
        for axis in (0, -1):
            more = [ast.keyword("axis", _number(axis)), *node.keywords]
            yield "axis", ast.Call(node.func, node.args, more)


def _axis(node: ast.AST) -> Iterator[Neighbour]:
    if isinstance(node, ast.Tuple):
        for k, part in enumerate(node.elts):
            yield "axis", part
            for _, other in _axis(part):
                assert isinstance(other, ast.expr)
                parts = [*node.elts[:k], other, *node.elts[k + 1 :]]
                yield "axis", ast.Tuple(parts, ast.Load())
    elif (number := _literal(node)) is not None:
        for axis in _AXES:
            if axis != number:
                yield "axis", _number(axis)


def _power(node: ast.AST) -> Iterator[Neighbour]:
    number = _literal(node)
    if number is not None:
        for other in dict.fromkeys((number + 1, number - 1, 2 * number, _half(number), -number)):
            if other not in (number, 0):
                yield "power", _number(other)


def _constant(node: ast.Constant, role: str) -> Iterator[Neighbour]:
    value = node.value
    if isinstance(value, bool):
        yield "constant", ast.Constant(not value)
    elif isinstance(value, int | float):
        near = [value + 1, value - 1]
        if role != "index":
            near += [2 * value, _half(value), 0]
        for other in dict.fromkeys(near):
            if other != value:
                yield "index" if role == "index" else "constant", _number(other)


def _variable(node: ast.Name, scope: Scope) -> Iterator[Neighbour]:
    if node.id not in scope.parameters and node.id not in scope.variables:
        return
    for name in dict.fromkeys([*scope.parameters, *scope.earlier(node)]):
        if name != node.id:
            yield "variable", ast.Name(name, ast.Load())


def _beside(node: ast.Attribute | ast.Subscript, scope: Scope) -> Iterator[Neighbour]:
    """The other expressions of a kind: another attribute, another key."""
    text = ast.unparse(node)
    if text in scope.beside and isinstance(node.ctx, ast.Load):
        for other in scope.beside:
            if other != text:
                yield "variable", ast.parse(other, mode="eval").body


def _subscript(node: ast.Subscript) -> Iterator[Neighbour]:
    match node.slice:
        case ast.Name(ctx=ast.Load()):
            for op in (ast.Add(), ast.Sub()):
                moved = ast.BinOp(node.slice, op, _number(1))
                yield "index", ast.Subscript(node.value, moved, node.ctx)
        case ast.Tuple(elts=parts):
            for swapped in _swapped(parts):
                yield "index", ast.Subscript(node.value, ast.Tuple(swapped, ast.Load()), node.ctx)
        case ast.Slice(lower, upper, step):
            if lower is not None:
                yield "index", _sliced(node, None, upper, step)
            if upper is not None:
                yield "index", _sliced(node, lower, None, step)
    if isinstance(node.ctx, ast.Load):
        yield "index", node.value


def _sliced(
    node: ast.Subscript, lower: ast.expr | None, upper: ast.expr | None, step: ast.expr | None
) -> ast.Subscript:
    return ast.Subscript(node.value, ast.Slice(lower, upper, step), node.ctx)


def _statement(node: ast.Assign | ast.AugAssign | ast.Expr, scope: Scope) -> Iterator[Neighbour]:
    # An attribute is added to by functions that keep their gradients on objects.
    adds_up = (ast.Subscript, ast.Attribute) if scope.beside else (ast.Subscript,)
    if isinstance(node, ast.AugAssign):
        if (opposite := _OPPOSITES.get(type(node.op))) is not None:
            yield "sign", ast.AugAssign(node.target, opposite(), node.value)
        yield "in-place", ast.Assign([node.target], node.value)
        yield "statement", ast.Pass()
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], adds_up):
        yield "in-place", ast.AugAssign(node.targets[0], ast.Add(), node.value)
        yield "statement", ast.Pass()
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "statement", ast.Pass()


def _swapped(parts: Sequence[ast.expr]) -> Iterator[list[ast.expr]]:
    """Two neighbours among some expressions in the other order."""
    for k in range(len(parts) - 1):
        if not isinstance(parts[k], ast.Starred) and not isinstance(parts[k + 1], ast.Starred):
            yield [*parts[:k], parts[k + 1], parts[k], *parts[k + 2 :]]


def _negated(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.USub(), node)


def _raised(node: ast.expr, power: int) -> ast.expr:
    return ast.BinOp(node, ast.Pow(), _number(power))


def _method(node: ast.expr, name: str, **keywords: ast.expr) -> ast.expr:
    called = ast.Attribute(node, name, ast.Load())
    return ast.Call(called, [], [ast.keyword(key, value) for key, value in keywords.items()])


def _number(value: float) -> ast.expr:
    # As Python reads it: the sign is an operator.
    return ast.Constant(value) if value >= 0 else _negated(ast.Constant(-value))


def _half(value: float) -> float:
    return value // 2 if isinstance(value, int) and value % 2 == 0 else value / 2


def _literal(node: ast.AST) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
    return None


def _is_literal(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant | ast.Tuple | ast.List | ast.Starred | ast.UnaryOp)


def _root(function: ast.expr) -> str:
    """The name that a dotted name begins with: ``np`` of ``np.linalg.inv``."""
    while isinstance(function, ast.Attribute):
        function = function.value
    return function.id if isinstance(function, ast.Name) else ""


#: What puts something into a list.
_GROWING = ("append", "insert", "extend")


def nests(node: ast.AST) -> bool:
    """Whether a list is put into itself: ``out.append(out)``, ``out += [out]``."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(name), attr=method), args=given):
            return method in _GROWING and any(_shows(part, name) for part in given)
        case ast.AugAssign(target=ast.Name(name), value=ast.List() | ast.Tuple() as value):
            return _shows(value, name)
        case ast.Assign(targets=[ast.Name(name)], value=ast.BinOp(left, ast.Add(), right)):
            lists = [part for part in (left, right) if isinstance(part, ast.List)]
            return any(_shows(part, name) for part in lists)
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(name))], value=value):
            return _shows(value, name)
    return False


def _shows(node: ast.AST, name: str) -> bool:
    """Whether an expression is a name, or a list or tuple with it."""
    if isinstance(node, ast.List | ast.Tuple):
        return any(_shows(part, name) for part in node.elts)
    inner = node.value if isinstance(node, ast.Starred) else node
    return isinstance(inner, ast.Name) and inner.id == name
