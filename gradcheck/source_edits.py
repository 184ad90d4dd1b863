"""One-token neighbours of a rule: its source with one slip of the pen in it, or one mended."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.neighbours import neighbours, renamed
from gradcheck.source_trees import Edit, Function, Source, is_whole


def edits(
    function: Function,
    expression: int | None = None,
    *,
    beside: Sequence[str] = (),
    nested: bool = False,
) -> list[Edit]:
    """All of ``each_edit`` at once."""
    return list(each_edit(function, expression, beside=beside, nested=nested))


def each_edit(
    function: Function,
    expression: int | None = None,
    *,
    beside: Sequence[str] = (),
    nested: bool = False,
    first: Sequence[str] = (),
) -> Iterator[Edit]:
    """Every one-token neighbour of ``function``, in the order of its source.

    Those of the kinds that come ``first`` before all others. With ``expression``, those that change
    the expression of that number in the tuple that is returned last, and nothing else. ``beside``
    are expressions that are taken for each other as variables are; with ``nested``, functions
    inside of it are edited as well. Empty where the source is not at hand, and for a lambda.
    """
    try:
        source = Source.of(function, beside)
        places = list(source.places(expression, nested))
    except (OSError, TypeError, ValueError, SyntaxError, LookupError):
        return
    seen: set[tuple[int, str]] = set()
    for now in (True, False) if first else (False,):
        for place in places:
            for neighbour in neighbours(place.node, place.role, source.scope):
                if (neighbour[0] in first) is not now:
                    continue
                if (edit := source.fresh(place, neighbour, seen)) is not None:
                    yield edit


def renamings(
    function: Function, beside: Sequence[str] = (), nested: bool = False
) -> Iterator[Edit]:
    """One name for another wherever that stands in what is assigned or returned, one at a time."""
    try:
        source = Source.of(function, beside)
        places = [place for place in source.places(None, nested) if is_whole(place)]
    except (OSError, TypeError, ValueError, SyntaxError, LookupError):
        return
    yield from source.made(places, renamed)


def calls_of(function: Function) -> set[str]:
    """The names of the functions that a function calls, as they are written."""
    try:
        source = Source.of(function)
    except (OSError, TypeError, ValueError, SyntaxError, LookupError):
        return set()
    calls = (node for node in ast.walk(source.definition) if isinstance(node, ast.Call))
    return {ast.unparse(node.func) for node in calls}


def literals(function: Function) -> set[float]:
    """The numbers in the source of a function, and those that its names stand for in its module."""
    try:
        source = Source.of(function)
    except (OSError, TypeError, ValueError, SyntaxError, LookupError):
        return set()
    found: set[float] = set()
    for node in ast.walk(source.definition):
        value: Any = None
        if isinstance(node, ast.Constant):
            value = node.value
        elif isinstance(node, ast.Name):
            value = source.function.__globals__.get(node.id)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found.add(float(value))
    return found


@dataclass(frozen=True)
class Part:
    """An expression inside a function: its number, its line in the file, its text.

    ``around`` is the text of the expression that it stands in, itself where there is none.
    """

    number: int
    line: int
    text: str
    around: str


#: What is told of a part while a function runs: its number, then the function and the argument of a
#: call with one argument, else None and its value. What comes back stands for the value.
Hook = Callable[[int, Function | None, Any], Any]


def with_parts(function: Function, hook: Hook) -> tuple[Function, list[Part]] | None:
    """The function with every part of its formulas handed to ``hook``, and these parts.

    The larger parts come first. None where the source is not at hand.
    """
    try:
        source = Source.of(function)
        marking = _Marking(source)
        source.definition.body = [marking.visit(s) for s in source.definition.body]
        hidden = ast.fix_missing_locations(ast.arg(_HOOK))
        source.definition.args.kwonlyargs.append(hidden)
        source.definition.args.kw_defaults.append(None)
        ast.fix_missing_locations(source.definition)
        made: Any = source.compiled()
    except (OSError, TypeError, ValueError, SyntaxError, LookupError, RecursionError):
        return None
    made.__kwdefaults__ = {**(made.__kwdefaults__ or {}), _HOOK: hook}
    return made, marking.parts


#: The parameter through which a function with parts finds its hook, and that of a part of one.
_HOOK, _GIVEN = "_gradcheck_part", "_gradcheck_given"


class _Marking(ast.NodeTransformer):
    """Puts a call of the hook around every part of a function."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.parts: list[Part] = []
        self.around: list[str] = []
        self.wanted = {
            id(place.node)
            for place in source.places(None)
            if isinstance(place.node, ast.Name | ast.Call | ast.BinOp | ast.UnaryOp | ast.Subscript)
            and isinstance(getattr(place.node, "ctx", ast.Load()), ast.Load)
            and place.role not in ("index", "axis", "power", "called")
            and getattr(place.node, "id", "") not in source.scope.modules
        }

    def visit(self, node: ast.AST) -> Any:
        if id(node) not in self.wanted:
            return self.generic_visit(node)
        text = ast.unparse(node)
        around = self.around[-1] if self.around else text
        line = getattr(node, "lineno", 0) + self.source.offset
        number = len(self.parts)
        self.parts.append(Part(number, line, text, around))
        self.around.append(text)
        self.generic_visit(node)
        self.around.pop()
        given: list[Any] = [ast.Constant(None), node]
        match node:
            case ast.Call(func, [argument], []) if not isinstance(
                argument, ast.Starred | ast.GeneratorExp
            ):
                given = [func, argument]
            case ast.Call(_, [_, _, *_] as arguments, []) if (place := _only_one(arguments)) >= 0:
                given = [_of_one(node, arguments, place), arguments[place]]
            case ast.BinOp(_, ast.Pow(), ast.Constant()):
                given = [_power_of(node), node.left]
        call = ast.Call(ast.Name(_HOOK, ast.Load()), [ast.Constant(number), *given], [])
        return ast.copy_location(call, node)


def _only_one(arguments: list[ast.expr]) -> int:
    """Which argument of a call is no number, if it is a single one; else -1."""
    open_ = [k for k, argument in enumerate(arguments) if not _is_number(argument)]
    is_one = len(open_) == 1 and not isinstance(arguments[open_[0]], ast.Starred)
    return open_[0] if is_one else -1


def _is_number(node: ast.expr) -> bool:
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(inner, ast.Constant) and isinstance(inner.value, int | float)


def _of_one(call: ast.Call, arguments: list[ast.expr], place: int) -> ast.expr:
    """A call with numbers as a function of its other argument: ``np.maximum(·, 0)``."""
    given = [*arguments[:place], ast.Name(_GIVEN, ast.Load()), *arguments[place + 1 :]]
    return _lambda(ast.Call(call.func, given, []))


def _power_of(power: ast.BinOp) -> ast.expr:
    """A power as a function of its base."""
    return _lambda(ast.BinOp(ast.Name(_GIVEN, ast.Load()), power.op, power.right))


def _lambda(body: ast.expr) -> ast.expr:
    given = ast.arguments(
        posonlyargs=[], args=[ast.arg(_GIVEN)], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    return ast.Lambda(given, body)
