"""Slips that are no token of a formula: indices that repeat, numbers that were rounded or added.

What mends them is made for all places of a function at once: an array that is added to in two lines
is mended in both.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from gradcheck.neighbours import SIGNLESS
from gradcheck.source_trees import Edit, Function, Place, Source, is_whole

#: A number is meant for another one that is nearer to it than this share, and has so many digits.
_NEAR, _DIGITS = 1e-3, 4
#: Fractions that are written out have denominators up to this.
_DENOMINATOR = 16
#: A number up to this is added to keep a denominator or a logarithm away from zero.
_SMALL = 1e-3
#: Numbers by which formulas are made, as numpy has them.
_CONSTANTS = {
    "{np}.pi": math.pi, "2 * {np}.pi": 2 * math.pi, "{np}.pi / 2": math.pi / 2, "{np}.e": math.e,
    "{np}.log(2)": math.log(2), "{np}.log(10)": math.log(10), "{np}.sqrt(2)": math.sqrt(2),
    "{np}.sqrt({np}.pi)": math.sqrt(math.pi), "{np}.sqrt(2 * {np}.pi)": math.sqrt(2 * math.pi),
    "{np}.sqrt(2 / {np}.pi)": math.sqrt(2 / math.pi), "{np}.pi / 180": math.pi / 180,
}  # fmt: skip


def known_slips(
    function: Function, beside: Sequence[str] = (), nested: bool = False, *, special: bool = False
) -> Iterator[Edit]:
    """The edits that mend such slips.

    With ``special``, those of what concerns some values alone as well: a small number that is
    added, a branch, a mask.
    """
    try:
        source = Source.of(function, beside)
        places = list(source.places(None, nested))
    except (OSError, TypeError, ValueError, SyntaxError, LookupError):
        return
    yield from _scattered(source, places)
    yield from _exact(source, places)
    yield from _signs(source, places)
    yield from _other_ends(source, places)
    yield from _unpacked(source, places)
    yield from _multiples(source, places)
    yield from _masks(source, places)
    yield from _branches(source, places)
    if special:
        yield from source.made(places, lambda node, _: _without_small(node))
        yield from source.made(places, lambda node, _: _without_choice(node))


def _scattered(source: Source, places: Sequence[Place]) -> Iterator[Edit]:
    """``np.add.at(a, i, b)`` wherever there is ``a[i] += b``, an array at a time."""
    found: dict[str, list[tuple[Place, ast.AST]]] = {}
    for place in places:
        match place.node:
            case ast.AugAssign(ast.Subscript(value=array, slice=index), op, value) if isinstance(
                op, ast.Add | ast.Sub
            ) and _is_computed(index):
                text = ast.unparse(array)
                name = "add" if isinstance(op, ast.Add) else "subtract"
                call = f"{source.scope.numpy}.{name}.at({text}, {_written(index)}, 0)"
                made = ast.parse(call).body[0]
                assert isinstance(made, ast.Expr)
                assert isinstance(made.value, ast.Call)
                made.value.args[2] = copy.deepcopy(value)
                found.setdefault(text, []).append((place, at(made, place.node)))
    if source.scope.numpy:
        yield from (together(source, "scatter", several) for several in found.values())


def _is_computed(index: ast.expr) -> bool:
    """Whether an index is no number or slice, so that it may be an array."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    return not any(isinstance(part, ast.Slice | ast.Constant) for part in parts)


def _written(index: ast.expr) -> str:
    text = ast.unparse(index)
    return f"({text})" if isinstance(index, ast.Tuple) and not text.startswith("(") else text


def _exact(source: Source, places: Sequence[Place]) -> Iterator[Edit]:
    """The number that is meant for one that is nearly that, wherever it stands."""
    numbers: dict[float, list[Place]] = {}
    for place in places:
        value = getattr(place.node, "value", None)
        if isinstance(place.node, ast.Constant) and isinstance(value, float):
            numbers.setdefault(value, []).append(place)
    for value, several in numbers.items():
        for text in _meant(value, source):
            made = [(p, at(ast.parse(text, mode="eval").body, p.node)) for p in several]
            yield together(source, "constant", made)


def _meant(value: float, source: Source) -> Iterator[str]:
    """What a number may be meant for: a constant, a number of the module, a fraction."""
    named: dict[str, Any] = dict(source.function.__globals__)
    if source.scope.numpy:
        named |= {text.format(np=source.scope.numpy): v for text, v in _CONSTANTS.items()}
    for text, other in named.items():
        if type(other) in (int, float) and 0 < abs(value - other) <= _NEAR * abs(value):
            yield text
    if len(f"{value:.17g}".strip("0").replace(".", "")) >= _DIGITS:
        fraction = Fraction(value).limit_denominator(_DENOMINATOR)
        if 0 < abs(value - float(fraction)) <= _NEAR * abs(value):
            yield str(fraction)


def _signs(source: Source, places: Sequence[Place]) -> Iterator[Edit]:
    """The other sign of a part of a list or dict, or of what a call is given behind its first.

    That of what is returned itself, and of a first argument, is a neighbour.
    """
    for place in places:
        node: Any = place.node
        is_part = isinstance(place.parent, ast.List | ast.Dict) and is_whole(place)
        if (is_part and not _is_negated(node)) or _is_shift(place):
            yield source.edit(place, "sign", ast.UnaryOp(ast.USub(), node))


def _is_negated(node: ast.expr) -> bool:
    """Whether a product begins with a sign, which can be left out."""
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.MatMult):
        node = node.left
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


def _is_shift(place: Place) -> bool:
    """Whether a place is a number behind the first argument of a call, as that of ``np.roll``."""
    match place.parent, place.node:
        case ast.Call(func), ast.Name() | ast.Constant(value=int() | float()):
            name = getattr(func, "attr", getattr(func, "id", ""))
            return place.field == "args" and bool(place.index) and name not in SIGNLESS
    return False


def _unpacked(source: Source, places: Sequence[Place]) -> Iterator[Edit]:
    """Two of the names that get what is unpacked in the other order."""
    for place in places:
        match place.node:
            case ast.Assign([ast.Tuple(names)], ast.expr() as value) if not isinstance(
                value, ast.Tuple
            ):
                for k in range(len(names) - 1):
                    order = [*names[:k], names[k + 1], names[k], *names[k + 2 :]]
                    made = ast.Assign([ast.Tuple(order, ast.Store())], value)
                    yield source.edit(place, "order", at(copy.deepcopy(made), place.node))


def _multiples(source: Source, places: Sequence[Place]) -> Iterator[Edit]:
    """Twice or half a number wherever it stands, of one that stands in several places."""
    numbers: dict[float, list[Place]] = {}
    for place in places:
        value = getattr(place.node, "value", None)
        if isinstance(place.node, ast.Constant) and isinstance(value, float):
            numbers.setdefault(value, []).append(place)
    for value, several in numbers.items():
        for other in (2 * value, value / 2) if len(several) > 1 else ():
            made = [(place, at(ast.Constant(other), place.node)) for place in several]
            yield together(source, "constant", made)


def _other_ends(source: Source, places: Sequence[Place]) -> Iterator[Edit]:
    """The other end of an array, ``x[:-1]`` for ``x[1:]``.

    In one place, in all of an array, and in all of a line.
    """
    found: dict[Any, list[tuple[Place, ast.AST]]] = {}
    for place in places:
        if isinstance(place.node, ast.Subscript):
            for index in _flipped(place.node.slice):
                made = ast.Subscript(place.node.value, index, place.node.ctx)
                one = place, at(copy.deepcopy(made), place.node)
                yield source.edit(place, "index", one[1])
                for key in (ast.unparse(place.node.value), _line(place)):
                    found.setdefault(key, []).append(one)
    for several in found.values():
        if len(several) > 1 and len({id(place) for place, _ in several}) == len(several):
            yield together(source, "index", several)


def _flipped(index: ast.expr) -> Iterator[ast.expr]:
    """An index with one of its slices at the other end."""
    parts = list(index.elts) if isinstance(index, ast.Tuple) else [index]
    for k, part in enumerate(parts):
        match part:
            case ast.Slice(ast.expr() as first, None, None):
                other = ast.Slice(None, _negative(first), None)
            case ast.Slice(None, ast.expr() as last, None):
                other = ast.Slice(_negative(last), None, None)
            case _:
                continue
        flipped: list[ast.expr] = [*parts[:k], other, *parts[k + 1 :]]
        yield ast.Tuple(flipped, ast.Load()) if len(parts) > 1 else other


def _negative(node: ast.expr) -> ast.expr:
    match node:
        case ast.UnaryOp(op=ast.USub()):
            return node.operand
    return ast.UnaryOp(ast.USub(), node)


def _masks(source: Source, places: Sequence[Place]) -> Iterator[Edit]:
    """A value times the mask of what was clamped, or times what the function has no use for."""
    masks = [
        *(("mask", *one) for one in _of_clamped(source)),
        *(("missing factor", name, name) for name in _unused(source)),
    ]
    for place in places:
        value: Any = place.node
        if not masks or not (is_whole(place) or _is_scattered(place)):
            continue
        for kind, name, text in masks:
            if name in source.scope.earlier(value):
                mask = at(ast.parse(text, mode="eval").body, value)
                with contextlib.suppress(SyntaxError, ValueError, LookupError, RecursionError):
                    yield source.edit(place, kind, ast.BinOp(value, ast.Mult(), mask))


def _is_scattered(place: Place) -> bool:
    """Whether a place is what is added to some entries of an array."""
    match place.parent:
        case ast.Call(func=ast.Attribute(attr="at"), args=[_, _, value]):
            return value is place.node
    return False


def _of_clamped(source: Source) -> Iterator[tuple[str, str]]:
    """The variables that are clamped, each with where it is not at its bounds."""
    for node in ast.walk(source.definition):
        match node:
            case ast.Assign([ast.Name(name)], ast.Call(ast.Attribute(attr=how), [_, *_] as given)):
                bounds = [ast.unparse(one) for one in given if isinstance(one, ast.Constant)]
                match how, bounds:
                    case "maximum", [low]:
                        yield name, f"({name} > {low})"
                    case "minimum", [high]:
                        yield name, f"({name} < {high})"
                    case "clip", [low, high]:
                        yield name, f"(({name} > {low}) & ({name} < {high}))"


def _unused(source: Source) -> list[str]:
    """The variables that are never read."""
    names = [node for node in ast.walk(source.definition) if isinstance(node, ast.Name)]
    read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    return [name for name in source.scope.variables if name not in read and name != "_"]


def _branches(source: Source, places: Sequence[Place]) -> Iterator[Edit]:
    """No statement that is for some values alone; of two branches one for all values."""
    for place in places:
        node = place.node
        if not isinstance(node, ast.If):
            continue
        for kept in (node.body, node.orelse) if node.orelse else ([],):
            made = ast.If(ast.Constant(True), kept, []) if kept else ast.Pass()
            with contextlib.suppress(SyntaxError, ValueError, LookupError, RecursionError):
                edit = source.edit(place, "branch", made)
                yield replace(edit, show=functools.partial(_left_out, node, kept))


def _left_out(node: ast.If, kept: Sequence[ast.stmt]) -> tuple[str, str]:
    """The first line of a statement, and what is in its place."""
    before = f"if {ast.unparse(node.test)}: …{' else: …' if node.orelse else ''}"
    if not kept:
        return before, "pass"
    first = ast.unparse(kept[0])
    one_line = len(kept) == 1 and "\n" not in first
    return before, first if one_line else f"{first.splitlines()[0]} …"


def _without_choice(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """One of two values for another choice between them, and what is masked by a comparison."""
    match node:
        case ast.IfExp(_, one, other) | ast.Call(ast.Attribute(attr="where"), [_, one, other]):
            yield from (("term", one), ("term", other))
        case ast.BinOp(value, ast.Mult(), ast.Compare()):
            yield "factor", value
        case ast.BinOp(ast.Compare(), ast.Mult(), value):
            yield "factor", value


def _without_small(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What a small number is added to."""
    match node:
        case ast.BinOp(left, ast.Add() | ast.Sub(), ast.Constant(value=float() as c)) if c:
            if abs(c) <= _SMALL:
                yield "term", left
        case ast.BinOp(ast.Constant(value=float() as c), ast.Add(), right) if c:
            if abs(c) <= _SMALL:
                yield "term", right


def at(made: Any, node: Any) -> Any:
    """An expression or statement with all its parts where a node is."""
    for part in ast.walk(made):
        if isinstance(part, ast.expr | ast.stmt) and part is not node:
            ast.copy_location(part, node)
    return made


def together(source: Source, kind: str, several: Sequence[tuple[Place, ast.AST]]) -> Edit:
    """One edit of several places, of which the first is shown."""
    (first, made), *others = several
    line = _line(first)
    for place, other in others:
        place.put(other)
    try:
        edit = source.edit(first, kind, made)
    finally:
        for place, _ in others:
            place.put(place.node)
    lines = {_line(place) + source.offset for place, _ in others}
    rest = ", ".join(map(str, sorted(lines - {edit.line})))
    here = [one for one in several if _line(one[0]) == line]
    show = edit.show if len(here) == 1 else lambda: _shown(source, here)

    def shown() -> tuple[str, str]:
        before, after = show()
        return before, f"{after}  # likewise in line {rest}" if rest else after

    return replace(edit, show=shown)


def _line(place: Place) -> int:
    """The line of the source of the function that a place is in."""
    return int(getattr(place.node, "lineno", 0))


def _shown(source: Source, several: Sequence[tuple[Place, Any]]) -> tuple[str, str]:
    """A line without and with the edits of several numbers in it."""
    before = after = source.lines[_line(several[0][0]) - 1]
    nodes: list[tuple[Any, Any]] = [(place.node, made) for place, made in several]
    for node, made in sorted(nodes, key=lambda one: -one[0].col_offset):
        text = ast.unparse(made)
        text = f"({text})" if isinstance(made, ast.BinOp) else text
        after = after[: node.col_offset] + text.encode() + after[node.end_col_offset :]
    return before.decode().strip(), after.decode().strip()
