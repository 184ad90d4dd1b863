"""Where a gradient lands.

In this order: in what the backward function returned, in an attribute, in a list that is parallel
to that of the parameters, in a dict, nested beside the parameter, or in the change of a parameter.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from gradcheck.adapters.forms import form_of
from gradcheck.adapters.places import CHANGE, RETURNED, Place
from gradcheck.adapters.sources import source_of, tree_in
from gradcheck.adapters.words import Words, first, gradient_names

#: One key alone may be in two dicts by chance.
_SEVERAL = 2
#: So deep an object holds others that hold arrays.
_DEPTH = 2
_MISSING = (AttributeError, KeyError, IndexError, TypeError)


def is_array(value: Any) -> bool:
    """Whether a value may be a gradient: an array or a number."""
    return isinstance(value, np.ndarray | np.floating | float) or hasattr(value, "__array__")


def is_layer(value: Any, words: Words) -> bool:
    """Whether what an object holds is a layer of its own, and no parameter."""
    return all(
        callable(getattr(value, first(names, value) or "", None))
        for names in (words.forward, words.backward)
    )


def arrays_of(owner: Any, depth: int = _DEPTH) -> Iterator[Any]:
    """The arrays that an object holds, in lists and dicts and in the objects that it holds too."""
    for value in vars(owner).values() if hasattr(owner, "__dict__") else ():
        parts = value.values() if isinstance(value, dict) else [value]
        for part in value if isinstance(value, list | tuple) else parts:
            if is_array(part):
                yield part
            elif depth and not isinstance(part, type | FunctionType | ModuleType):
                yield from arrays_of(part, depth - 1)


def landed(place: Place | None, owner: Any, returned: Any) -> bool:
    """Whether something that may be a gradient lies at a place."""
    if place is None:
        return False
    try:
        held = place.read(owner, returned)
        if place.text == RETURNED and isinstance(held, list):
            return bool(held) and all(map(is_array, held))
        return is_array(held)
    except _MISSING:
        return False


# ---- what was returned ---------------------------------------------------------------------


def in_returned(
    returned: Any,
    inputs: Sequence[str],
    differentiated: Sequence[str],
    parameters: Sequence[str],
    function: Any,
    words: Words,
    shapes: Mapping[str, tuple[int, ...]],
) -> dict[str, Place]:
    """The place of each gradient in what was returned, as far as there are any.

    ``inputs`` are those of the forward function in order, ``differentiated`` those of them with
    respect to which a gradient is wanted, ``parameters`` the names beside them. What a gradient is
    called in the ``return`` statement, or its key, decides before its position does. ``shapes`` are
    those of what is differentiated.
    """
    if returned is None:
        return {}
    wanted = [*differentiated, *parameters]
    if isinstance(returned, Mapping):
        return _by_key(RETURNED, returned, wanted, words)
    leaves = _leaves(RETURNED, returned)
    shape = shapes.get(wanted[0], ()) if len(wanted) == 1 else ()
    if shape and len(leaves) > 1 and _stacked(returned) == shape:
        return {wanted[0]: Place.parse(RETURNED)}  # of a list of arrays, one for each
    found: dict[str, Place] = {}
    for text, value in leaves:
        if isinstance(value, Mapping):
            found |= _by_key(text, value, wanted, words)
    left = [text for text, value in leaves if not isinstance(value, Mapping)]
    if not left:
        return found
    called = returned_names(function)
    if len(called) == len(left) + 1:  # with the value that the gradients are of
        known = set(_match(called, wanted, words).values())
        value = next((k for k in range(len(called)) if k not in known), 0)
        called = [text for k, text in enumerate(called) if k != value]
    if len(called) == len(left):
        by_name = _match(called, wanted, words)
        if len(by_name) == min(len(left), len(wanted)) or (by_name and len(left) == 1):
            return found | {n: Place.parse(left[k]) for n, k in by_name.items()}
    every = [*inputs, *parameters]
    orders = [list(differentiated), wanted, list(inputs), every, list(parameters)]
    order = next((names for names in orders if names and len(names) == len(left)), wanted or every)
    if 1 < len(left) < len(order):
        order = _fewer(order, [np.shape(dict(leaves)[text]) for text in left], shapes)
    elif len(left) == len(order):
        order = _by_shape(order, [np.shape(dict(leaves)[text]) for text in left], shapes)
    for name, text in zip(order, left, strict=False):
        found.setdefault(name, Place.parse(text))
    return found


def _fewer(
    names: Sequence[str],
    found: Sequence[tuple[int, ...]],
    shapes: Mapping[str, tuple[int, ...]],
) -> list[str]:
    """Which of the names fewer gradients are for, by their shapes: the first where none tells."""
    ways = list(itertools.combinations(names, len(found)))
    fits = [sum(shapes.get(n) == s for n, s in zip(way, found, strict=True)) for way in ways]
    best = max(fits)
    return list(ways[fits.index(best)]) if best > fits[0] and fits.count(best) == 1 else list(names)


def _by_shape(
    names: Sequence[str],
    found: Sequence[tuple[int, ...]],
    shapes: Mapping[str, tuple[int, ...]],
) -> list[str]:
    """The names in the order of what was returned, where shapes that all differ tell another."""
    wanted = {shapes.get(name): name for name in names}
    told = len(wanted) == len(names) and set(wanted) == set(found)
    return [wanted[shape] for shape in found] if told else list(names)


def _stacked(returned: Any) -> tuple[int, ...]:
    """The shape of a list of arrays of one shape."""
    if not all(map(is_array, returned)):
        return ()
    shapes = {np.shape(part) for part in returned}
    return (len(returned), *shapes.pop()) if len(shapes) == 1 else ()


def _leaves(text: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, tuple | list):
        parts = [_leaves(f"{text}[{k}]", part) for k, part in enumerate(value)]
        return [leaf for part in parts for leaf in part]
    return [(text, value)]


def _by_key(
    text: str, found: Mapping[Any, Any], wanted: Sequence[str], words: Words
) -> dict[str, Place]:
    return {
        name: Place.parse(f"{text}[{key!r}]")
        for name in wanted
        if (key := _key(found, name, words)) is not None
    }


def _key(found: Mapping[Any, Any], name: str, words: Words) -> Any:
    called = (*gradient_names(name, words), name)
    exact = next((key for key in called if key in found), None)
    if exact is not None:
        return exact
    # A layer that calls its weights w keeps their gradient under w as well.
    hits = [key for key in found if str(key).lower() in {one.lower() for one in called}]
    return hits[0] if len(hits) == 1 else None


def _match(called: Sequence[str], wanted: Sequence[str], words: Words) -> dict[str, int]:
    """Which returned variable is the gradient of which name, where names tell."""
    found: dict[str, int] = {}
    for name in wanted:
        possible = {candidate.lower() for candidate in gradient_names(name, words)}
        hits = [k for k, text in enumerate(called) if text in gradient_names(name, words)]
        hits = hits or [k for k, text in enumerate(called) if text.lower() in possible]
        if len(hits) == 1 and hits[0] not in found.values():
            found[name] = hits[0]
    return found


def returned_names(function: Any) -> list[str]:
    """The variables in the last ``return`` of a function; none where its source is not there."""
    return list(_returned_in(source_of(inspect.unwrap(function))))


@functools.lru_cache(maxsize=256)
def _returned_in(source: str) -> Sequence[str]:
    tree = tree_in(source)
    returns = [node for node in ast.walk(tree) if isinstance(node, ast.Return) and node.value]
    if not returns:
        return []
    last = max(returns, key=lambda node: node.lineno).value
    assert last is not None
    parts = last.elts if isinstance(last, ast.Tuple | ast.List) else [last]
    flat: list[str] = []
    for part in parts:
        inside = part.elts if isinstance(part, ast.Tuple | ast.List) else [part]
        flat += [ast.unparse(one) for one in inside]
    return flat


# ---- on the object -------------------------------------------------------------------------


def on_object(owner: Any, name: str, parameters: Mapping[str, Place], words: Words) -> Place | None:
    """The place of the gradient for ``name`` on an object, or None.

    ``parameters`` are where the parameters lie: what lies there is no gradient, though it may be
    called as one is, such as the gain ``params['g']``.
    """
    taken = {place.text for place in parameters.values()}
    for text in _texts(owner, name, parameters.get(name), words):
        place = Place.parse(text)
        if text not in taken and landed(place, owner, None):
            return place
    return None


def _texts(owner: Any, name: str, parameter: Place | None, words: Words) -> list[str]:
    called = gradient_names(name, words)
    if parameter is not None and isinstance(parameter.tree, ast.Name):
        called += gradient_names(parameter.text, words)  # self.param, of what is called W
    texts = [text for text in called if hasattr(owner, text)]
    lists = [text for text in words.gradients if isinstance(getattr(owner, text, None), list)]
    dicts = [text for text in words.gradients if isinstance(getattr(owner, text, None), dict)]
    if parameter is not None:
        position = _position(owner, parameter, words)
        if position is not None:
            texts += [f"{text}[{position}]" for text in lists]
        match parameter.tree:
            case ast.Subscript(value=holder, slice=ast.Constant(value=str())):
                texts += [f"{ast.unparse(holder)}[{key!r}]" for key in words.gradient_key]
            case ast.Attribute(value=holder):
                texts += [f"{ast.unparse(holder)}.{key}" for key in words.gradient_key]
        texts += [f"{parameter.text}.{key}" for key in words.gradient_key]
    dicts += _beside_in_dict(owner, parameter, dicts)
    for text in dicts:
        key = _key(getattr(owner, text), name, words)
        texts += [] if key is None else [f"{text}[{key!r}]"]
    for text in words.parameter_gradients:
        method = getattr(owner, text, None)
        if callable(method) and not inspect.signature(method).parameters:
            answer = method()
            if isinstance(answer, Mapping):
                key = _key(answer, name, words)
                texts += [] if key is None else [f"{text}()[{key!r}]"]
            elif parameter is not None and isinstance(answer, tuple | list):
                position = _position(owner, parameter, words)
                if position is None:
                    shape = np.shape(parameter.read(owner))
                    position = _answered(answer, method, name, shape, words)
                texts += [] if position is None else [f"{text}()[{position}]"]
    return texts


def _answered(
    answer: Sequence[Any], method: Any, name: str, shape: tuple[int, ...], words: Words
) -> int | None:
    """The number of the gradient for a name in what a method gives, where no list is parallel.

    By what it is called in the ``return`` statement, else by a shape that no other has.
    """
    called = [text.removeprefix("self.") for text in returned_names(method)]
    if len(called) == len(answer):
        number = _match(called, [name], words).get(name)
        if number is not None:
            return number
    fitting = [k for k, part in enumerate(answer) if is_array(part) and np.shape(part) == shape]
    return fitting[0] if len(fitting) == 1 else None


def _beside_in_dict(owner: Any, parameter: Place | None, known: Sequence[str]) -> list[str]:
    """Other dicts with the keys of the dict in which a parameter lies, as ``G`` beside ``P``."""
    if parameter is None:
        return []
    match parameter.tree:
        case ast.Subscript(value=ast.Name(id=holder)):
            own = getattr(owner, holder, None)
        case _:
            return []
    if not isinstance(own, dict) or len(own) < _SEVERAL:
        return []
    held = vars(owner) if hasattr(owner, "__dict__") else {}
    return [
        text
        for text, one in held.items()
        if isinstance(one, dict) and one is not own and text not in known and set(own) == set(one)
    ]


def _position(owner: Any, parameter: Place, words: Words) -> int | None:
    """The number of a parameter in the object's list of parameters."""
    value = parameter.read(owner)
    for text in words.parameters:
        listed = getattr(owner, text, None)
        if isinstance(listed, list):
            for number, part in enumerate(listed):
                if part is value:
                    return number
    return None


def parameter_place(owner: Any, name: str, shape: tuple[int, ...], words: Words) -> Place | None:
    """Where the parameter of a name lies on an object; one that is None is still to be made."""
    texts = [text for text in vars(owner) if text == name]
    texts += [text for text in vars(owner) if text.lower() == name.lower() and text != name]
    for text in list(texts):
        value = getattr(owner, text)
        if isinstance(value, dict):
            texts += [f"{text}[{key!r}]" for key in words.value_key if key in value]
        elif not isinstance(value, np.ndarray):
            texts += [f"{text}.{key}" for key in words.value_key if hasattr(value, key)]
    for text in words.parameters:
        held = getattr(owner, text, None)
        if isinstance(held, dict):
            keys = [key for key in held if str(key).lower() == name.lower()]
            texts += [f"{text}[{key!r}]" for key in keys]
            nested = {key: held[key] for key in keys if isinstance(held[key], dict)}
            texts += [
                f"{text}[{key!r}][{inner!r}]"
                for key, part in nested.items()
                for inner in words.value_key
                if inner in part
            ]
    others: list[Place] = []
    for text in texts:
        place = Place.parse(text)
        try:
            value = place.read(owner)
        except _MISSING:
            continue
        if value is None or (is_array(value) and np.shape(value) == shape):
            return place
        if is_array(value) and form_of(np.shape(value), shape) is not None:
            others.append(place)
    return others[0] if others else None


def unasked(owner: Any, returned: Any, used: Sequence[str], words: Words) -> list[tuple[str, str]]:
    """Where gradients lie that nothing asks for, each after the place of what it is a gradient for.

    ``used`` are the places of the others, some of them in what was ``returned``. What it is for is
    empty where it cannot be told.
    """
    held: dict[str, Any] = vars(owner) if hasattr(owner, "__dict__") else {}
    found: list[tuple[str, str]] = []
    for stem, value in held.items():
        if isinstance(value, np.ndarray) and value.ndim:
            names = [name for name in gradient_names(stem, words) if is_array(held.get(name))]
            found += [(stem, name) for name in names if np.shape(held[name]) == value.shape][:1]
        elif not isinstance(value, dict | list) and not is_layer(value, words):
            value_at = next((key for key in words.value_key if is_array(_get(value, key))), "")
            found += [
                (f"{stem}.{value_at}" if value_at else "", f"{stem}.{key}")
                for key in words.gradient_key
                if is_array(_get(value, key))
            ]
    parameters = [(text, held[text]) for text in words.parameters if text in held]
    for text in words.gradients:
        container = held.get(text)
        if isinstance(container, dict):
            parts = [(key, part) for key, part in container.items() if is_array(part)]
        elif isinstance(container, list):
            parts = [(k, part) for k, part in enumerate(container) if is_array(part)]
        else:
            continue
        for key, _ in parts:
            beside = (f"{name}[{key!r}]" for name, one in parameters if _has(one, key))
            found.append((next(beside, ""), f"{text}[{key!r}]"))
    known = [Place.parse(text) for text in used if text != CHANGE]
    values = [place.read(owner, returned) for place in known if landed(place, owner, returned)]
    return [
        (stem, text)
        for stem, text in found
        # What lies in a list too is the same gradient under another name.
        if text not in used and not _is_among(Place.parse(text).read(owner), values)
    ]


def _is_among(value: Any, others: Sequence[Any]) -> bool:
    array = np.asarray(value)
    return bool(np.any(array)) and any(np.array_equal(array, np.asarray(one)) for one in others)


def _has(container: Any, key: Any) -> bool:
    try:
        return is_array(container[key])
    except _MISSING:
        return False


def _get(value: Any, name: str) -> Any:
    return getattr(value, "__dict__", {}).get(name)


def listed_place(owner: Any, value: Any, words: Words) -> Place | None:
    """Where on an object an array lies that its constructor was given: itself, else a copy of it.

    A copy may be in a type of its own. Two of them leave open which is the parameter.
    """
    places = list(_places(owner, words))
    text = next((text for text, held in places if held is value), None)
    if text is None:
        copies = [(text, held) for text, held in places if _is_copy(held, value)]
        is_one = len({id(held) for _, held in copies}) == 1
        text = copies[0][0] if is_one else None
    return None if text is None else Place.parse(text)


def _places(owner: Any, words: Words) -> Iterator[tuple[str, Any]]:
    """Where on an object parameters may lie, and what lies there, the likeliest first."""
    yield from vars(owner).items()
    for text, held in vars(owner).items():
        for key in words.value_key:
            if isinstance(held, dict) and key in held:
                yield f"{text}[{key!r}]", held[key]
            elif not isinstance(held, np.ndarray):
                yield f"{text}.{key}", _get(held, key)
    for text in words.parameters:
        held = getattr(owner, text, None)
        if isinstance(held, list):
            yield from ((f"{text}[{number}]", part) for number, part in enumerate(held))
        elif isinstance(held, dict):
            yield from ((f"{text}[{key!r}]", part) for key, part in held.items())


def _is_copy(held: Any, value: Any) -> bool:
    """Whether an array has the numbers of another, as far as its type can hold them."""
    if not isinstance(held, np.ndarray) or not isinstance(value, np.ndarray) or not held.size:
        return False
    with np.errstate(over="ignore"):
        return held.dtype.kind == "f" and np.array_equal(held, value.astype(held.dtype))
