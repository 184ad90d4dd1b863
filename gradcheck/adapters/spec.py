"""The spec of a scan: a small TOML or Python file that declares what a file does not say.

A layer a line, under ``[layers]``::

    [layers]
    Affine = { x = "n d", W = "d m", b = "m" }
    loss = { layer = "my_loss", x = "n c", y = { integers = "n", high = "c" } }
    Linear = { A = "n d", W = "m d", b = "m 1", names = { scale = { W = "1/n", b = "1/n" } } }

In Python, ``layers = {"Affine": {"x": "n d", "W": "d m", "b": "m"}}``, where the arguments may be
any of gradcheck's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradcheck import arguments
from gradcheck.adapters.names import Names, names
from gradcheck.answers import last_line
from gradcheck.errors import GradcheckError, InputError

#: What a table in a TOML spec may stand for.
_KINDS = (
    "real", "integers", "boolean", "constant", "choice", "simplex", "positive_definite",
    "permutation",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """What a spec says of one layer."""

    name: str
    inputs: dict[str, Any] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    #: The function or functions, or the class, where the name is not theirs.
    layer: tuple[str, ...] = ()


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
        raise InputError(
            f"{path} declares no layer; a spec is such as\n\n"
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
    layer = (layer,) if isinstance(layer, str) else tuple(layer)
    try:
        read = chosen if isinstance(chosen, Names) else names(**chosen)
        return Entry(name, {n: _argument(value) for n, value in inputs.items()}, read, layer)
    except (GradcheckError, TypeError) as error:
        raise InputError(f"{where}: {last_line(error)}") from None


def _argument(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return arguments.as_argument(value)
    kinds = [kind for kind in _KINDS if kind in value]
    if len(kinds) != 1:
        raise InputError(
            f"{dict(value)!r}: a table has one of the keys {', '.join(_KINDS)}, such as "
            '{ integers = "n", high = "c" } or { constant = { stride = 1 } }'
        )
    (kind,) = kinds
    rest = {name: part for name, part in value.items() if name != kind}
    make = getattr(arguments, kind)
    if kind == "choice":
        return make(*value[kind])
    return make(value[kind], **rest)
