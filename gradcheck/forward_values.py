"""What a rule computes otherwise than its function: the function's own way, in its place.

A rule often computes again what its function has: with a term forgotten, before an activation, from
the wrong end of a sum. Such a value takes more than one token to mend, and it stands in the
function.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gradcheck.neighbours import neighbours
from gradcheck.source_trees import Edit, Function, Place, Source, is_whole

#: So many edits are made of one rule.
_MOST = 48


def forward_values(rule: Function, function: Function) -> Iterator[Edit]:
    """The edits after which a value of a rule is computed as one is in the function.

    As that of the same name, then as what the function makes of the same expression, then as any
    other; last, an entry of one array as that of another, and a call as another one of the same
    names. What one token mends is no such edit. Empty where a source is not at hand.
    """
    try:
        both = _Both(Source.of(rule), Source.of(function))
        edits = list(itertools.islice(both.edits(), _MOST))
    except (OSError, TypeError, ValueError, SyntaxError, LookupError):
        return
    yield from edits


@dataclass(frozen=True)
class _Both:
    """The source of a rule beside that of its function."""

    source: Source
    forward: Source

    def edits(self) -> Iterator[Edit]:
        places = list(self.source.places(None))
        names = {value: name for value, name in _assigned(self.source) if name}
        computed = [(name, value) for value, name in _assigned(self.forward)]
        tests = _tests(self.source)
        masks = [mask for test in _tests(self.forward) for mask in _masks(test)]
        for place in places:
            node: Any = place.node
            own = ast.unparse(node)
            ways: list[ast.expr] = []
            if (name := names.get(node)) is not None:
                around = [way for _, value in computed for way in _around(value, own)]
                same = [value for other, value in computed if other == name]
                ways = [*same, *around, *(value for _, value in computed)]
            elif node in tests:
                ways = [w for w in _tests(self.forward) if _numbers(w) == _numbers(node)]
            elif isinstance(node, ast.Subscript):
                ways = [way for way in _subscripts(self.forward) if _is_like(node, way)]
            elif isinstance(node, ast.Constant):
                ways = _calls_of(self.forward, node.value)
            yield from self._replaced(place, places, ways)
            for mask in masks if is_whole(place) else ():
                if self._is_known(mask, place):
                    made = ast.BinOp(node, ast.Mult(), _at(mask, node))
                    with contextlib.suppress(SyntaxError, ValueError, LookupError, RecursionError):
                        yield self.source.edit(place, "mask", made)
        read, called = _subscripts(self.forward), _calls(self.forward)
        for place in places:
            if isinstance(place.node, ast.Subscript) and isinstance(place.node.ctx, ast.Load):
                others = [way for way in read if not _is_like(place.node, way)]
                yield from self._replaced(place, places, others)
        for place in places:
            if isinstance(place.node, ast.Call):
                alike = [way for way in called if _read(way) == _read(place.node)]
                yield from self._replaced(place, places, alike)

    def _replaced(
        self, place: Place, places: Sequence[Place], ways: Sequence[ast.expr]
    ) -> Iterator[Edit]:
        """The edits that put ways of the function in a place, but those of one token."""
        node: Any = place.node
        ways = [way for way in ways if self._is_known(way, place)]
        near = _by_one_token(place, places, self.source) if ways else set()
        for text, way in {ast.unparse(way): way for way in ways}.items():
            if text not in (ast.unparse(node), *near):
                with contextlib.suppress(SyntaxError, ValueError, LookupError, RecursionError):
                    yield self._edit(place, way)

    def _is_known(self, way: ast.expr, place: Place) -> bool:
        """Whether all names of an expression of the function mean the same where a place is."""
        rule, function = self.source.function, self.forward.function
        node: Any = place.node
        here = {*self.source.scope.parameters, *self.source.scope.earlier(node)}
        local = {*self.forward.scope.parameters, *_stored(self.forward.definition)}
        names = {node for node in ast.walk(way) if isinstance(node, ast.Name)}
        for name in {node.id for node in names} - _stored(way):
            if name in local and name in here:
                continue
            if name in {*local, *here, *function.__code__.co_freevars}:
                return False
            if function.__globals__.get(name) is not rule.__globals__.get(name):
                return False
        return True

    def _edit(self, place: Place, way: ast.expr) -> Edit:
        edit = self.source.edit(place, "forward", _at(way, place.node))
        return replace(edit, show=functools.partial(self._shown, place, way))

    def _shown(self, place: Place, way: ast.expr) -> tuple[str, str]:
        """The line of the rule without and with what stands in the function, as it is written."""
        node: Any = place.node
        before, new = _written(self.source, node), _written(self.forward, way)
        if node.lineno != node.end_lineno:
            return before, new
        line = self.source.lines[node.lineno - 1]
        after = line[: node.col_offset] + new.encode() + line[node.end_col_offset :]
        return line.decode().strip(), after.decode().strip()


def _stored(tree: ast.AST) -> set[str]:
    """The names that get a value in a tree, in a comprehension too."""
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return {node.id for node in names if isinstance(node.ctx, ast.Store)}


def _assigned(source: Source) -> Iterator[tuple[ast.expr, str]]:
    """What gets a name in a function, and the name; empty for what is returned.

    That of several at once as well.
    """
    for node in ast.walk(source.definition):
        match node:
            case ast.Assign([ast.Tuple(targets)], ast.Tuple(values)):
                pairs = list(zip(targets, values, strict=False))
            case ast.Assign([target], value):
                pairs = [(target, value)]
            case ast.Return(ast.expr() as value):
                yield value, ""
                continue
            case _:
                continue
        yield from ((value, one.id) for one, value in pairs if isinstance(one, ast.Name))


def _tests(source: Source) -> list[ast.expr]:
    """The conditions by which a function chooses."""
    found = []
    for node in ast.walk(source.definition):
        match node:
            case (
                ast.If(test) | ast.IfExp(test) | ast.Call(ast.Attribute(attr="where"), [test, _, _])
            ):
                found.append(test)
    return found


def _numbers(test: ast.expr) -> set[Any]:
    """The numbers in a condition: with another one it holds elsewhere, and hides what is wrong."""
    return {node.value for node in ast.walk(test) if isinstance(node, ast.Constant)}


def _subscripts(source: Source) -> list[ast.Subscript]:
    """The entries and slices of arrays that a function reads."""
    nodes = ast.walk(source.definition)
    return [n for n in nodes if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Load)]


def _calls(source: Source) -> list[ast.Call]:
    return [node for node in ast.walk(source.definition) if isinstance(node, ast.Call)]


def _calls_of(source: Source, number: Any) -> list[ast.expr]:
    """What a function makes of a number by a call, as √2 of 2."""
    found: list[ast.expr] = []
    for node in _calls(source):
        match node.args:
            case [ast.Constant(value)] if value == number:
                found.append(node)
    return found


def _read(call: ast.Call) -> set[str]:
    """The names among the arguments of a call."""
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    nodes = (node for argument in arguments for node in ast.walk(argument))
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def _is_like(node: ast.Subscript, other: ast.Subscript) -> bool:
    """Whether two read the same array."""
    same = ast.unparse(node.value) == ast.unparse(other.value)
    return same and isinstance(node.ctx, ast.Load)


#: The comparisons that hold where others fail.
_OTHERWISE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip


def _masks(test: ast.expr) -> Iterator[ast.expr]:
    """A comparison, and that which holds where it fails."""
    match test:
        case ast.Compare(left, [op], right) if type(op) in _OTHERWISE:
            yield test
            yield ast.Compare(left, [_OTHERWISE[type(op)]()], right)


def _at(way: ast.expr, node: ast.AST) -> ast.expr:
    """A copy of an expression of the function where a node of the rule is."""
    made = copy.deepcopy(way)
    for part in ast.walk(made):
        ast.copy_location(part, node)
    return made


def _around(value: ast.expr, text: str) -> Iterator[ast.expr]:
    """The parts of an expression that hold another one."""
    inside = [node for node in ast.walk(value) if ast.unparse(node) == text]
    for node in ast.walk(value) if inside else ():
        if isinstance(node, ast.expr) and any(part in inside for part in ast.walk(node)):
            yield node


def _by_one_token(place: Place, places: Sequence[Place], source: Source) -> set[str]:
    """The neighbours of the expression in a place, as texts."""
    found = {ast.unparse(new) for _, new in neighbours(place.node, place.role, source.scope)}
    parts = {id(part) for part in ast.walk(place.node)} - {id(place.node)}
    for inner in places:
        if id(inner.node) in parts:
            for _, new in neighbours(inner.node, inner.role, source.scope):
                inner.put(new)
                with contextlib.suppress(ValueError, RecursionError):
                    found.add(ast.unparse(place.node))
                inner.put(inner.node)
    return found


def _written(source: Source, node: ast.expr) -> str:
    """An expression as it stands in its source, or anew where it takes more than one line."""
    if node.lineno != node.end_lineno:
        return ast.unparse(node)
    line = source.lines[node.lineno - 1]
    return line[node.col_offset : node.end_col_offset].decode()
