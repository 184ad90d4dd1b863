"""The spec of a scan: a small TOML or Python file that declares what a file does not say.

A layer a line, under ``[layers]``::

    [layers]
    Affine = { x = "n d", W = "d m", b = "m" }
    loss = { layer = "my_loss", x = "n c", y = { integers = "n", high = "c" } }
    Linear = { A = "n d", W = "m d", b = "m 1", names = { scale = { W = "1/n", b = "1/n" } } }

A function of the file that a layer is made with, or takes, is ``{ function = "my_tanh" }``::

    Activation = { x = "n d", names = { init = { f = { function = "np.tanh" } } } }

In Python, ``layers = {"Affine": {"x": "n d", "W": "d m", "b": "m"}}``, where the arguments may be
any of gradcheck's.
"""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gradcheck.adapters.names import Names, names
from gradcheck.adapters.one_hot import one_hot
from gradcheck.answers import last_line
from gradcheck.arguments import as_argument, boolean, choice, constant, integers, real
from gradcheck.domains import permutation, positive_definite, simplex
from gradcheck.errors import GradcheckError, InputError

#: What a table in a TOML spec may stand for.
_KINDS = {
    make.__name__: make
    for make in (
        real, integers, boolean, constant, choice, simplex, positive_definite, permutation, one_hot,
    )
}  # fmt: skip


_NAMED = inspect.Parameter.KEYWORD_ONLY


@dataclass(frozen=True)
class Function:
    """A function of the file, or of a module that it imports, by name: ``"np.tanh"``."""

    name: str

    def among(self, space: Mapping[str, Any], where: str) -> Any:
        """The function itself; raises ``InputError`` where there is none."""
        first, *rest = self.name.split(".")
        found = space.get(first)
        for part in rest:
            found = getattr(found, part, None)
        if not callable(found):
            raise InputError(f"{where}: function = {self.name!r}: the file has no such function")
        return found


@dataclass(frozen=True)
class Entry:
    """What a spec says of one layer."""

    name: str
    inputs: dict[str, Any] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    #: The function or functions, or the class, where the name is not theirs.
    layer: tuple[str, ...] = ()
    #: The file and the layer, for messages.
    where: str = ""


def spec_of(path: Path) -> dict[str, Entry]:
    """What a spec declares, by layer; raises ``InputError`` for one that cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {last_line(error)}") from None
    if path.suffix == ".py":
        table = _python(path, text)
    elif path.suffix == ".toml":
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{path} is no TOML: {error}") from None
    else:
        raise InputError(f"{path}: a spec is a .toml or a .py file")
    layers = table.get("layers")
    if not isinstance(layers, Mapping) or not layers:
        there = ", ".join(repr(key) for key in table if not key.startswith("__"))
        raise InputError(
            f"{path} declares no layer: {f'it has {there} and ' if there else ''}no table "
            "'layers' with one in it; a spec is such as\n\n"
            '    [layers]\n    Affine = { x = "n d", W = "d m", b = "m" }'
        )
    return {name: _entry(path, name, given) for name, given in layers.items()}


def _python(path: Path, text: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "gradcheck_spec"}
    try:
        exec(compile(text, str(path), "exec"), space)
    except Exception as error:
        raise InputError(f"{path} raises {last_line(error)}") from None
    return space


def _entry(path: Path, name: str, given: Any) -> Entry:
    where = f"{path}, layer {name}"
    if not isinstance(given, Mapping):
        raise InputError(f'{where}: {given!r}; a table was expected, such as {{ x = "n d" }}')
    inputs = dict(given)
    chosen, layer = inputs.pop("names", {}), inputs.pop("layer", ())
    parts = (layer,) if isinstance(layer, str) else layer
    if not isinstance(parts, list | tuple) or not all(isinstance(one, str) for one in parts):
        raise InputError(
            f"{where}: layer = {layer!r}; the name of a class or function was expected, or of two "
            'functions: layer = ["my_forward", "my_backward"]'
        )
    if not isinstance(chosen, Mapping | Names):
        raise InputError(
            f"{where}: names = {chosen!r}; a table was expected, such as "
            'names = { forward = "run", backward = "pull" }'
        )
    try:
        read = chosen if isinstance(chosen, Names) else names(**chosen)
    except GradcheckError as error:
        raise InputError(f"{where}: {error}") from None
    arguments_of: dict[str, Any] = {}
    for key, value in inputs.items():
        try:
            arguments_of[key] = _argument(value)
        except GradcheckError as error:
            raise InputError(f"{where}, {key}: {error}") from None
    return Entry(name, arguments_of, read, tuple(parts), where)


def resolved(entry: Entry, space: Mapping[str, Any]) -> Entry:
    """An entry with the functions that it names, of the names of a file.

    Raises ``InputError`` for one that is not there.
    """

    def read(given: Mapping[str, Any], key: str) -> dict[str, Any]:
        where = f"{entry.where}, {key}"
        return {
            name: _function(value).among(space, f"{where}{name}") if _is_function(value) else value
            for name, value in given.items()
        }

    chosen = entry.names
    chosen = replace(
        chosen, init=read(chosen.init, "names.init."), call=read(chosen.call, "names.call.")
    )
    inputs = {
        name: constant(value.among(space, f"{entry.where}, {name}"))
        if isinstance(value, Function)
        else value
        for name, value in entry.inputs.items()
    }
    return replace(entry, names=chosen, inputs=inputs)


def _is_function(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"function"}


def _function(value: Mapping[str, Any]) -> Function:
    return Function(str(value["function"]))


def _argument(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return as_argument(value)
    if _is_function(value):
        return _function(value)
    kinds = [kind for kind in _KINDS if kind in value]
    if len(kinds) != 1:
        raise InputError(
            f"{dict(value)!r}: a table has one of the keys {', '.join(_KINDS)}, function, such as "
            '{ integers = "n", high = "c" } or { constant = { stride = 1 } }'
        )
    (kind,) = kinds
    rest = {name: part for name, part in value.items() if name != kind}
    make: Any = _KINDS[kind]
    known = [name for name, one in inspect.signature(make).parameters.items() if one.kind == _NAMED]
    if unknown := next((name for name in rest if name not in known), ""):
        said = f"known beside it are {', '.join(known)}" if known else "nothing can stand beside it"
        raise InputError(f"{kind}: {unknown!r} is not known; {said}")
    try:
        return make(*value[kind]) if kind == "choice" else make(value[kind], **rest)
    except TypeError as error:
        raise InputError(f"{dict(value)!r}: {error}") from None
