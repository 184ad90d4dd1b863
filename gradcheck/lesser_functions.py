"""A function without one of its choices, masks, terms or factors: what a rule may be right for."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gradcheck.known_slips import at, together
from gradcheck.source_trees import Function, Place, Source


@dataclass(frozen=True)
class Lesser:
    """A function without something, which stands in a ``line`` as ``text``.

    ``what`` is ``"holds"`` or ``"fails"`` for a condition that is taken to do so everywhere,
    ``"mask"``, or ``"part"``.
    """

    what: str
    text: str
    line: int
    function: Function


def choices_of(function: Function) -> Iterator[Lesser]:
    """The function with one of its conditions, or masks, taken to hold or to fail everywhere."""
    source, places = _source_of(function)
    if source is None:
        return
    for place in places:
        for what, test, made in _arms(place.node):
            yield from _lesser(source, place, what, test, made)
    for name, several in _masks(places).items():
        all_of_it = [(place, at(_parsed(f"{name} | True"), place.node)) for place in several]
        with contextlib.suppress(SyntaxError, ValueError, LookupError, RecursionError):
            edit = together(source, "mask", all_of_it)
            yield Lesser("mask", name, edit.line, edit.function)


def parts_of(function: Function) -> Iterator[Lesser]:
    """The function with one of two operands alone, wherever one is added or multiplied."""
    source, places = _source_of(function)
    if source is None:
        return
    for place in (place for place in places if place.role != "index"):
        match place.node:
            case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult() | ast.Div() as op, right):
                yield from _lesser(source, place, "part", right, left)
                if not isinstance(op, ast.Div | ast.Sub):
                    yield from _lesser(source, place, "part", left, right)


def _source_of(function: Function) -> tuple[Source | None, list[Place]]:
    try:
        source = Source.of(function)
        return source, list(source.places(None))
    except (OSError, TypeError, ValueError, SyntaxError, LookupError):
        return None, []


def _lesser(
    source: Source, place: Place, what: str, lost: ast.expr, made: ast.AST
) -> Iterator[Lesser]:
    with contextlib.suppress(SyntaxError, ValueError, LookupError, RecursionError):
        edit = source.edit(place, what, made)
        yield Lesser(what, ast.unparse(lost), edit.line, edit.function)


def _arms(node: ast.AST) -> Iterator[tuple[str, ast.expr, ast.AST]]:
    """What is chosen where a condition holds, and where it fails."""
    match node:
        case ast.If(test, body, orelse):
            yield "holds", test, ast.If(ast.Constant(True), body, [])
            yield "fails", test, ast.If(ast.Constant(True), orelse, []) if orelse else ast.Pass()
        case ast.IfExp(test, one, other):
            yield from (("holds", test, one), ("fails", test, other))
        case ast.Call(ast.Attribute(attr="where"), [test, one, other]):
            yield from (("holds", test, one), ("fails", test, other))


def _masks(places: Sequence[Place]) -> dict[str, list[Place]]:
    """Where each variable is read that some array is masked by."""
    read: dict[str, list[Place]] = {}
    masks = set()
    for place in places:
        match place.node:
            case ast.Name(name, ast.Load()):
                read.setdefault(name, []).append(place)
            case ast.Subscript(slice=ast.Name(name)):
                masks.add(name)
            case ast.Call(ast.Attribute(attr="where"), [ast.Name(name), _, _]):
                masks.add(name)
    return {name: several for name, several in read.items() if name in masks}


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
