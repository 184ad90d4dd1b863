"""Layers that are made with a dict of parameters and the keys under which theirs lie.

``Affine(params, grads, "W1", "b1")`` reads ``self.params[self.w_key]`` and writes
``self.grads[self.w_key]``; ``Affine(params, grads, "a")`` reads ``self.params[self.name + "_W"]``.
Such a class is made with the arrays themselves, by the names of their keys.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.adapters.by_name import standing_for
from gradcheck.adapters.sources import nodes_of
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.adapters.words import WORDS

#: What the part of a key is that tells one layer from another.
_LAYER = "layer"
#: What of an argument's name says that it is a key.
_OF_KEY = re.compile(r"_?(key|name|id|idx)_?", re.IGNORECASE)
#: What stands between a layer and its array in a key.
_BETWEEN = "_./:- "


class _Shortened(dict[str, Any]):
    """A dict in which an array lies under its own name, whatever key it is asked for by.

    ``adds_up`` says that it is one of gradients, which whoever made it empties.
    """

    def __init__(
        self, names: Mapping[str, str], held: Mapping[str, Any], *, adds_up: bool = False
    ) -> None:
        super().__init__(held)
        self.names, self.adds_up = dict(names), adds_up

    def _name(self, key: str) -> str:
        return self.names.get(key, key)

    def __getitem__(self, key: str) -> Any:
        return super().__getitem__(self._name(key))

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(self._name(key), value)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(self._name(key) if isinstance(key, str) else key)


@dataclass(frozen=True)
class _Keyed:
    """What a constructor is given: which arguments are dicts, which are in keys, which keys."""

    dicts: tuple[str, ...]
    #: The words that arguments are.
    words: Mapping[str, str]
    #: The key of each array.
    keys: Mapping[str, str]
    #: The dicts that are written only, with gradients.
    written: frozenset[str]

    def given(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """What the constructor is given for its dicts and keys."""
        names = {key: name for name, key in self.keys.items()}
        held = {name: arrays[name] for name in self.keys}
        zeros = {name: np.zeros_like(array) for name, array in held.items()}
        made = {
            one: _Shortened(names, zeros, adds_up=True)
            if one in self.written
            else _Shortened(names, held)
            for one in self.dicts
        }
        return {**made, **self.words}


def with_keys(style: Style) -> Style:
    """A style whose class is made with its arrays, where it is made with dicts and keys."""
    cls: Any = style.make
    made = _made_with_arrays(cls) if inspect.isclass(style.make) else None
    return style if made is None else replace(style, make=made)


@functools.lru_cache(maxsize=256)
def _made_with_arrays(cls: Any) -> type | None:
    """A class that differs by its constructor alone; None where that is given no keys."""
    own = vars(cls).get("__init__")
    keyed = _keyed(cls, own) if inspect.isfunction(own) else None
    if keyed is None:
        return None
    signature = inspect.signature(own)
    taken = list(signature.parameters.values())
    rest = [p for p in taken[1:] if p.name not in keyed.dicts and p.name not in keyed.words]
    arrays = [inspect.Parameter(name, taken[0].kind) for name in keyed.keys]

    def given_arrays(self: Any, *values: Any, **named: Any) -> None:
        bound = apart.bind(self, *values, **named).arguments
        own(**{**keyed.given(bound), **{n: v for n, v in bound.items() if n not in keyed.keys}})

    apart = signature.replace(parameters=[taken[0], *arrays, *rest])
    init = standing_for(own, given_arrays, apart)
    held: dict[str, Any] = {"__init__": init, "__module__": cls.__module__}
    if not any(hasattr(cls, text) for text in WORDS.flush):
        held[WORDS.flush[0]] = _empty
    return type(cls.__name__, (cls,), held | {"__qualname__": cls.__qualname__})


def _empty(made: Any) -> None:
    """Do what whoever made the dicts does before each step."""
    for held in vars(made).values():
        if isinstance(held, _Shortened) and held.adds_up:
            held.update({name: np.zeros_like(array) for name, array in held.items()})


def _keyed(cls: type, own: Any) -> _Keyed | None:
    taken = [p.name for p in parameters_of(own, skip_first=True) if is_required(p)]
    attributes = dict(_attributes(own, taken))
    methods = [one for one in vars(cls).values() if inspect.isfunction(one)]
    dicts: dict[str, None] = {}
    words: dict[str, str] = {}
    keys: dict[str, str] = {}
    read: set[str] = set()
    for method in methods:
        known = attributes | ({name: name for name in taken} if method is own else {})
        found = [node for node in nodes_of(method) if isinstance(node, ast.Subscript)]
        for node in sorted(found, key=lambda one: (one.lineno, one.col_offset)):
            held, parts = _argument(node.value, known), _parts(node.slice, known)
            arguments = [text for text, is_argument in parts or () if is_argument]
            if not held or parts is None or len(arguments) != 1 or arguments == [held]:
                continue
            (word,) = arguments
            plain = len(parts) == 1
            name = _OF_KEY.sub("", word) if plain else ""
            name = name or "".join(text for text, is_argument in parts if not is_argument)
            name = name.strip(_BETWEEN)
            if not name.isidentifier() or words.get(word, name if plain else _LAYER) != (
                name if plain else _LAYER
            ):
                return None
            words[word] = name if plain else _LAYER
            keys[name] = "".join(words[word] if one else text for text, one in parts)
            dicts[held] = None
            if isinstance(node.ctx, ast.Load):
                read.add(held)
    if not keys or set(words) & set(dicts):
        return None
    return _Keyed(tuple(dicts), words, keys, frozenset(set(dicts) - read))


def _attributes(own: Any, taken: list[str]) -> Iterator[tuple[str, str]]:
    """The attributes in which a constructor keeps its arguments: ``self.w_key = w_key``."""
    for node in nodes_of(own):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                pairs = list(zip(targets, values, strict=False))
            case ast.Assign(targets=[target], value=value):
                pairs = [(target, value)]
            case _:
                continue
        for target, value in pairs:
            given = isinstance(value, ast.Name) and value.id in taken
            if given and isinstance(target, ast.Attribute):
                yield f"self.{target.attr}", ast.unparse(value)


def _argument(node: ast.expr, known: Mapping[str, str]) -> str:
    """The argument of the constructor that an expression is; empty for another expression."""
    return known.get(ast.unparse(node), "") if isinstance(node, ast.Name | ast.Attribute) else ""


def _parts(node: ast.expr, known: Mapping[str, str]) -> list[tuple[str, bool]] | None:
    """The parts of a key: each a text, or an argument; None for another expression."""
    match node:
        case ast.Constant(value=str() as text):
            return [(text, False)]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = [_parts(left, known), _parts(right, known)]
        case ast.JoinedStr(values=values):
            parts = [_parts(one, known) for one in values]
        case (
            ast.FormattedValue(value=value)
            | ast.Call(func=ast.Name(id="str"), args=[value], keywords=[])
        ):
            parts = [_parts(value, known)]
        case _:
            argument = _argument(node, known)
            return [(argument, True)] if argument else None
    found = [one for one in parts if one is not None]
    return [part for one in found for part in one] if len(found) == len(parts) else None
