"""What may be missing where an expression stands: a factor, a term, a sum, simple ones first."""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.neighbours import SIGNLESS
from gradcheck.source_trees import OPERANDS, Function, Place, Source, is_whole

#: What stands for the expression in a form, and for one or two that are at hand there.
_HOLE, _FIRST, _SECOND = "e_", "a_", "b_"


@dataclass(frozen=True)
class Form:
    """How an expression ``e_`` is made a larger one, with up to two others in it."""

    kind: str
    text: str

    @functools.cached_property
    def made(self) -> Callable[..., Any]:
        """The value that it has for those of the expressions."""
        return _function(self.text)

    def around(self, node: ast.expr, others: Sequence[str], numpy: str) -> ast.expr:
        """The larger expression; ``numpy`` is what that is called."""
        texts = dict(zip((_FIRST, _SECOND), others, strict=False)) | {"np": numpy}
        parts = {name: ast.parse(text, mode="eval").body for name, text in texts.items() if text}
        filled = _Filling({**parts, _HOLE: node}, node)
        made: ast.expr = filled.visit(ast.parse(self.text, mode="eval").body)
        return made


@dataclass(frozen=True)
class Quantity:
    """What is missing, made of up to two others; ``operators`` are those before it."""

    text: str
    operators: str

    @functools.cached_property
    def others(self) -> int:
        """How many other expressions are in it."""
        return (_FIRST in self.text) + (_SECOND in self.text)

    @property
    def is_multiple(self) -> bool:
        """Whether it is a number, or begins with one."""
        return self.text[0].isdigit() and " - " not in self.text

    @functools.cached_property
    def made(self) -> Callable[..., Any]:
        """The value that it has for those of the others."""
        return _function(self.text)

    @functools.cached_property
    def is_symmetric(self) -> bool:
        """Whether the two others may change places."""
        return self.text in (f"{_FIRST} * {_SECOND}", f"2 * {_FIRST} * {_SECOND}")

    def forms(self, operator: str, *, leads: bool) -> list[Form]:
        """An expression with it behind an operator, and where it ``leads`` in front of it first."""
        kind = "missing term" if operator in "+-" else "missing factor"
        inner = ast.parse(self.text, mode="eval").body
        loose = isinstance(inner, ast.Compare) or (
            isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add | ast.Sub)
        )
        split = isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Mult | ast.Div)
        text = f"({self.text})" if loose or (split and operator == "/") else self.text
        behind = Form(kind, f"{_HOLE} {operator} {text}")
        if operator == "*" and leads and "/" not in text:
            return [Form(kind, f"{text} * {_HOLE}"), behind]
        return [behind]


def _function(text: str) -> Callable[..., Any]:
    made: Callable[..., Any] = eval(
        f"lambda {_HOLE}=None, {_FIRST}=None, {_SECOND}=None: {text}", {"np": np}
    )
    return made


class _Filling(ast.NodeTransformer):
    """Puts expressions in the place of names; all else stands where the node does."""

    def __init__(self, parts: dict[str, ast.expr], node: ast.expr) -> None:
        self.parts, self.node = parts, node

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Name) and node.id in self.parts:
            part = self.parts[node.id]
            if part is self.node:
                return part
            part = copy.deepcopy(part)
            for inner in ast.walk(part):
                ast.copy_location(inner, self.node)
            return part
        ast.copy_location(node, self.node)
        return self.generic_visit(node)


@dataclass(frozen=True)
class Level:
    """What may be missing that is as simple as each other: quantities, and other forms."""

    quantities: tuple[Quantity, ...]
    forms: tuple[Form, ...] = ()


def _quantities(operators: str, *texts: str) -> tuple[Quantity, ...]:
    return tuple(Quantity(text, operators) for text in texts)


_ALONG = ("", "axis=0", "axis=-1", "axis=0, keepdims=True", "axis=-1, keepdims=True")
_REDUCED = tuple(f"a_.{how}({along})" for how in ("mean", "sum") for along in _ALONG)
#: A product with one of its factors again, as where what is divided by is a sum or a norm.
_PROJECTED = tuple(
    f"a_ * (a_ * b_).{how}({along})"
    for how in ("mean", "sum")
    for along in ("", "axis=0", "axis=-1, keepdims=True")
)
#: What may be missing, the simplest first: where something of a level mends a formula, nothing of
#: the next ones is looked for.
LEVELS: tuple[Level, ...] = (
    Level(
        (
            *_quantities("*/", "2", "3", "4"),
            *_quantities("+-", "1", "2", "1 / 2"),
            *_quantities("*/+-", "a_"),
        ),
        (
            *(Form("sum", f"e_.sum({along})") for along in _ALONG),
            Form("missing term", "1 - e_"),
        ),
    ),
    Level(
        (
            # Derivatives of activations, of what they give or are given.
            *_quantities("*", "1 - a_", "1 - a_ ** 2", "a_ * (1 - a_)", "a_ > 0"),
            *_quantities("*", "np.exp(a_)", "np.sin(a_)", "np.sign(a_)", "a_[..., None]"),
            *_quantities("*+-", "np.cos(a_)"),
            *_quantities("*/", "a_.sum()", "a_.sum(axis=-1, keepdims=True)", "np.sqrt(a_)"),
            *_quantities("*/+-", "2 * a_", "a_ ** 2"),
            *_quantities("/", "a_ ** 3"),
            *_quantities("+-", *_REDUCED, "a_ / 2", "1 / a_", "a_.T", "a_ @ a_"),
            *_quantities("+-", "np.diag(a_)", "np.eye(len(a_))"),
        )
    ),
    Level(
        (
            *_quantities("+-*/", "a_ * b_"),
            *_quantities("+-*", "a_ / b_"),
            *_quantities("+-", "a_ @ b_", "a_ @ b_.T", "a_.T @ b_", "a_[..., None] * b_"),
            *_quantities("+-", "2 * a_ * b_", "a_ * b_ / 2", "np.outer(a_, b_)", "a_ * b_ ** 2"),
            *_quantities("+-", "a_ * (1 - b_)", "a_ * np.cos(b_)", "a_ * np.exp(b_)"),
            *_quantities("+-", "a_ * np.sign(b_)", "a_ * np.eye(len(b_))"),
            *_quantities("+-", "np.eye(len(a_)) * (a_ @ b_)", *_PROJECTED),
            *_quantities("+-", "np.eye(a_.shape[-1])[b_]"),
            *_quantities("*", "a_ - b_"),
        )
    ),
)


def calls_around(function: Function) -> list[Form]:
    """What a function makes of one expression by numpy: ``np.abs(·)``, ``np.clip(·, 0, 1)``."""
    try:
        source = Source.of(function)
    except (OSError, TypeError, ValueError, SyntaxError, LookupError):
        return []
    found: dict[str, None] = {}
    for node in ast.walk(source.definition):
        match node:
            case ast.Call(ast.Attribute(ast.Name(module), attr=name), [_, *rest], []):
                numbers = all(isinstance(one, ast.Constant | ast.UnaryOp) for one in rest)
                if module == source.scope.numpy and numbers and name not in SIGNLESS:
                    others = "".join(f", {ast.unparse(one)}" for one in rest)
                    found[f"np.{name}({_HOLE}{others})"] = None
    return [Form("call", text) for text in found]


#: Sizes by which is divided.
_SIZES = ("len({})", "{}.size")
#: So many expressions are tried beside one, and calls up to so many characters.
_MOST, _LONGEST_CALL = 24, 32


def at_hand(source: Source, place: Place) -> list[str]:
    """The expressions that have a value where a place is, names first."""
    node: Any = place.node
    names = dict.fromkeys(
        [*source.scope.beside, *source.scope.earlier(node), *source.scope.parameters]
    )
    found = [*names, *_entries(source, list(names))]
    sizes = [size.format(name) for name in source.scope.parameters for size in _SIZES]
    return list(dict.fromkeys([*found[:_MOST], *sizes, *_calls(source, node, set(names))]))


def _calls(source: Source, node: ast.expr, names: set[str]) -> Iterator[str]:
    """The calls in a formula that may be made where a node stands, shorter than is told."""
    for call in ast.walk(source.definition):
        if isinstance(call, ast.Call) and call is not node:
            used = {part.id for part in ast.walk(call) if isinstance(part, ast.Name)}
            text = ast.unparse(call)
            is_known = used & names and used <= names | source.scope.modules | {"len"}
            if is_known and len(text) <= _LONGEST_CALL:
                yield text


def _entries(source: Source, names: Sequence[str]) -> Iterator[str]:
    """The entries of arrays at each of the indices that are used: ``y[j]`` beside ``y[i]``."""
    parameters = source.scope.parameters
    # Those of a claim of single entries, and of loops.
    indices = dict.fromkeys(name for name in ("i", "j") if name in parameters)
    used = dict.fromkeys(name for name in parameters if name not in indices)
    for node in ast.walk(source.definition):
        if isinstance(node, ast.Subscript):
            for part in getattr(node.slice, "elts", [node.slice]):
                if isinstance(part, ast.Name) and part.id in names:
                    indices[part.id] = None
                    if isinstance(node.value, ast.Name) and part is node.slice:
                        used[node.value.id] = None
    yield from (f"{array}[{index}]" for array in used for index in indices if array != index)


#: Attributes that are no numbers of a formula.
_OF_SHAPES = ("shape", "size", "ndim", "dtype")


def insertable(
    source: Source, expression: int | None = None, *, nested: bool = False
) -> list[Place]:
    """The places where something may be missing: whole values first, then what is inside."""
    places = list(source.places(expression, nested))
    whole = [place for place in places if is_whole(place)]
    chosen = {id(place) for place in whole}
    inner = [p for p in places if id(p) not in chosen and _is_operand(p, source)]
    return [*whole, *inner]


def _is_operand(place: Place, source: Source) -> bool:
    """Whether a place is an operand, what a method is called of, or an argument of a function."""
    node = place.node
    if not isinstance(node, OPERANDS) or getattr(node, "id", "") in source.scope.modules:
        return False
    match place.parent:
        case ast.Attribute(attr=attribute):
            return isinstance(node, ast.Name | ast.BinOp) and attribute not in _OF_SHAPES
        case ast.Call(func):
            return place.field == "args" and getattr(func, "id", "") not in ("len", "range")
        case ast.UnaryOp():
            return place.role != "index"
    return place.role == "operand"
