"""A function of each entry and its derivative: ``sigmoid`` and ``sigmoid_grad``.

Also a class with ``__call__(x)`` and ``gradient(x)``, and two methods of a class that use nothing
of their object: ``Network.sigmoid(x)`` and ``Network.sigmoid_prime(x)``. Whether the derivative is
given x or f(x) is declared, ``names(derivative_of="output")``, or else seen by trying both.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.sources import nodes_of
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.adapters.words import derived_from, is_cache, is_taken

PRIORITY = 70

_FORWARD = (
    "__call__", "fn", "f", "forward", "activate", "activation", "function", "compute", "apply",
    "func",
)  # fmt: skip
_DERIVATIVE = (
    "gradient", "grad", "derivative", "prime", "deriv", "df", "d", "f_prime", "backward", "diff",
)  # fmt: skip


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """Two functions of one array each, or a class with both as methods."""
    if len(what) == 2 and all(inspect.isfunction(one) for one in what):
        forward, backward = what
        takes, gets = parameters_of(forward), parameters_of(backward)
        if not takes or not gets:
            return None
        # ``elu_prime(x, alpha)`` is given the slope again.
        taken = {parameter.name for parameter in takes[1:]}
        again = tuple(p for p in gets[1:] if p.name in taken)
        return Style(
            convention="derivative pair",
            name=forward.__name__,
            forward=lambda _: forward,
            backward=lambda _: backward,
            kind="derivative",
            source=backward,
            takes=takes,
            gets=(gets[0], *again),
        )
    if len(what) == 1 and inspect.isclass(what[0]):
        return _of_class(what[0], names)
    if len(what) == len(("class", "forward", "derivative")) and inspect.isclass(what[0]):
        return _of_methods(*what)
    return None


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Functions whose names differ by a word for the derivative, and classes with both."""
    functions = {n: f for n, f in namespace.items() if inspect.isfunction(f)}
    for name, derivative in functions.items():
        for partner in derived_from(name):
            if partner in functions and partner != name:
                yield functions[partner], derivative
                break
    for value in namespace.values():
        if inspect.isclass(value) and _of_class(value, Names()) is not None:
            yield (value,)
    for cls in namespace.values():
        whole = inspect.isclass(cls) and _of_class(cls, Names()) is not None
        own = _methods(cls) if inspect.isclass(cls) and not whole else {}
        for name, derivative in own.items():
            for partner in derived_from(name):
                if partner in own and partner != name:
                    yield cls, own[partner], derivative
                    break


def _methods(cls: type) -> dict[str, Any]:
    """The methods of one array that need no object but for other such methods."""
    found: dict[str, Any] = {}
    for name, held in vars(cls).items():
        method = getattr(held, "__func__", held)
        if not inspect.isfunction(method) or name.startswith("__"):
            continue
        static = isinstance(held, staticmethod)
        takes = parameters_of(method, skip_first=not static)
        needed = [p for p in takes if is_required(p)]
        if "NotImplementedError" in method.__code__.co_names:
            continue  # for others to write
        usual = len(needed) == 1 and (is_taken(needed[0].name) or len(needed[0].name) == 1)
        if usual and not is_cache(needed[0].name) and _uses_methods_alone(method, cls):
            found[name] = method
    return found


def _uses_methods_alone(method: Any, cls: type) -> bool:
    """Whether a method reads of ``self`` what its class has."""
    used = {
        node.attr
        for node in nodes_of(method)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("self", "cls")
    }
    return all(hasattr(cls, name) for name in used)


def _of_methods(cls: type, forward: Any, backward: Any) -> Style | None:
    """Two methods of a class, of an object that was never made."""
    takes, gets = (
        parameters_of(one, skip_first=not _is_static(cls, one)) for one in (forward, backward)
    )
    if not takes or not gets:
        return None
    taken = {parameter.name for parameter in takes[1:]}
    return Style(
        convention="derivative pair",
        name=forward.__name__,
        forward=lambda _: getattr(object.__new__(cls), forward.__name__),
        backward=lambda _: getattr(object.__new__(cls), backward.__name__),
        kind="derivative",
        source=backward,
        takes=takes,
        gets=(gets[0], *(p for p in gets[1:] if p.name in taken)),
    )


def _is_static(cls: type, method: Any) -> bool:
    return isinstance(inspect.getattr_static(cls, method.__name__), staticmethod)


def _of_class(cls: type, names: Names) -> Style | None:
    forward = _method(cls, (names.forward,) if names.forward else _FORWARD)
    backward = _method(cls, (names.backward,) if names.backward else _DERIVATIVE)
    if forward is None or backward is None or forward == backward:
        return None
    static = [
        isinstance(inspect.getattr_static(cls, n), staticmethod | classmethod)
        for n in (forward, backward)
    ]
    takes = parameters_of(getattr(cls, forward), skip_first=not static[0])
    gets = parameters_of(getattr(cls, backward), skip_first=not static[1])
    if len(takes) != 1 or len(gets) != 1:
        return None
    return Style(
        convention="derivative pair",
        name=cls.__name__,
        forward=lambda made: getattr(made, forward),
        backward=lambda made: getattr(made, backward),
        make=cls,
        kind="derivative",
        source=getattr(cls, backward),
        takes=takes,
        gets=gets,
    )


def _method(cls: type, names: tuple[str, ...]) -> str | None:
    for name in names:
        held = inspect.getattr_static(cls, name, None)
        if inspect.isfunction(held) or isinstance(held, staticmethod | classmethod):
            return name
    return None
