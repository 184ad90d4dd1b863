"""``gradcheck scan``: the layers of a file, recognised and checked, without running the rest of it.

A gradient is right, wrong, undecided, or right up to a constant that may be a convention: that is
for a declaration to say, and is reported apart, as are side effects.
"""

from __future__ import annotations

import contextlib
import difflib
import inspect
import io
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gradcheck.adapters import outer_parameters, packed_parameters
from gradcheck.adapters.conventions import style_of
from gradcheck.adapters.definitions import Definitions, definitions_of
from gradcheck.adapters.layer_scan import scan_layer
from gradcheck.adapters.randomness import kept
from gradcheck.adapters.scan_report import (
    FileReport,
    LayerReport,
)
from gradcheck.adapters.sightings import Sighting, is_base, line_of, sightings
from gradcheck.adapters.spec import Entry, resolved
from gradcheck.adapters.style import Style, parameters_of
from gradcheck.adapters.unrecognised import unrecognised
from gradcheck.adapters.words import WORDS
from gradcheck.errors import DeclarationError, InputError
from gradcheck.profiles import Profile

PROFILE = Profile("scan", inputs=35, derandomized=True, database=False)


def scan(
    path: Path, spec: Mapping[str, Entry], profile: Profile = PROFILE, *, told: bool = True
) -> Iterator[Any]:
    """Check the layers of a file: yields a report of each layer, and last that of the file.

    With ``told=False`` what is wrong gets no small case and no name, which is most of the time that
    a wrong layer takes; what the name would tell of how it is meant is not known then.

    Raises ``InputError`` for a file that cannot be read.
    """
    report = FileReport(str(path))
    with _quietly():
        definitions = definitions_of(path)
        outer_parameters.give(definitions)
        packed_parameters.give(definitions)
        report.left_out = [str(one) for one in definitions.left_out]
        report.defined = [n for n, one in definitions.namespace.items() if callable(one)]
        found = _with_spec(definitions, spec)
        seen = {id(one.what[-1]) for one, _ in found}
        for name, value in definitions.namespace.items():
            if (lacking := definitions.lacking(value)) and id(value) not in seen:
                report.left_out.append(f"line {line_of(value)}: class {name}: {lacking}")
    for sighting, entry in found:
        with _quietly():
            layer = scan_layer(sighting, entry, definitions, profile, told=told)
        report.layers.append(layer)
        yield layer
    for layer in _lonely(definitions, report):
        report.layers.append(layer)
        yield layer
    parts = [part for one, _ in found for part in one.what]
    given = [entry.names for _, entry in found if entry is not None]
    parts += [f for one in given for f in (*one.init.values(), *one.call.values()) if callable(f)]
    named = [layer.name for layer in report.layers if layer.reason]
    report.unrecognised = unrecognised(definitions, parts, named)
    yield report


def _lonely(definitions: Definitions, report: FileReport) -> Iterator[LayerReport]:
    """Functions and classes with one half of a layer, or two that do not fit together."""
    known = {layer.name for layer in report.layers}
    for name, value in definitions.namespace.items():
        if name in known or hasattr(value, "named_parameters") or definitions.lacking(value):
            continue  # modules of torch are differentiated by torch
        if inspect.isclass(value):
            reason = "" if is_base(value, definitions.namespace) else _half_of_class(value)
            if reason:
                yield LayerReport(
                    name, "class", line_of(value), reason=reason,
                    spec=f'{name} = {{ names = {{ forward = "…", backward = "…" }} }}',
                )  # fmt: skip
            continue
        found = next((half for half in _HALVES if f"_{half}" in name), "")
        base = name.replace(f"_{found}", "")
        if found and not any(one.startswith(base) for one in known):
            yield LayerReport(
                name, "function", line_of(value),
                reason=f"it has no {_HALVES[found]} half that was found",
                spec=f'{base} = {{ layer = ["{name}", "…"], … }}',
            )  # fmt: skip


_HALVES = {"forward": "backward", "backward": "forward"}
_GRADIENTS = (*WORDS.backward, "grad", "gradient", "delta")


def _half_of_class(cls: type) -> str:
    """Why a class is no layer though it has a half of one; empty where it has none."""
    loss, forward, backward = (
        next((n for n in names if inspect.isfunction(getattr(cls, n, None))), "")
        for names in (("loss", "cost"), WORDS.forward[:8], _GRADIENTS)
    )
    if backward and (loss or forward):
        (both, other) = (parameters_of(getattr(cls, n)) for n in (backward, loss or forward))
        names = [p.name for p in both if p.name != "self"]
        more = [n for n in names if n not in {p.name for p in other}]
        needed = f", of which {loss or forward} takes no {' and no '.join(more)}" if more else ""
        return (
            f"its {backward} takes {', '.join(names) or 'nothing'}{needed}: it is given no "
            "cotangent for what its forward half returns"
        )
    # With a backward method alone it is a variable, or an engine.
    return "it has no backward half that was found" if forward == "forward" else ""


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """The code prints nothing between what the scan says, waits for nothing and asks nobody."""
    stdin, sys.stdin = sys.stdin, io.StringIO()
    slept, time.sleep = time.sleep, lambda _: None
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            kept(),
        ):
            yield
    finally:
        sys.stdin = stdin
        time.sleep = slept


def _with_spec(
    definitions: Definitions, spec: Mapping[str, Entry]
) -> list[tuple[Sighting, Entry | None]]:
    """The layers of a file, each with what the spec says of it."""
    found: list[tuple[Sighting, Entry | None]] = []
    space = vars(definitions.module)
    here = [name for name, entry in spec.items() if _made_of(definitions, entry)]
    spec = {n: resolved(one, space) if n in here else one for n, one in spec.items()}
    declared = {name: _made_of(definitions, entry) for name, entry in spec.items()}
    used: set[int] = set()
    for sighting in sightings(definitions):
        name = next(
            (
                n
                for n, what in declared.items()
                if (n == sighting.name and not spec[n].layer)
                or (what and what[-1] is sighting.what[-1])
            ),
            None,
        )
        if name is not None:
            used.add(id(declared[name]))
        found.append((sighting, spec[name] if name is not None else None))
    for name, what in declared.items():
        if what and id(what) not in used:
            style = _style(what, spec[name])
            found.append((Sighting(name, what, style, line_of(what[-1])), spec[name]))
    return found


def _style(what: tuple[Any, ...], entry: Entry) -> Style:
    """How a declared layer is called; raises ``InputError`` where the spec does not say it."""
    (first, *_) = what
    own: list[str] = []
    if inspect.isclass(first):
        own = [name for name, one in vars(first).items() if inspect.isroutine(one)]
        own = [name for name in own if name == "__call__" or not name.startswith("__")]
    for key in ("forward", "backward"):
        method = getattr(entry.names, key)
        if inspect.isclass(first) and method and not hasattr(first, method):
            raise InputError(
                f"{entry.where}: names: {key} = {method!r}; {first.__name__} has no such method: "
                f"it has {', '.join(own) or 'none'}"
            )
    try:
        return style_of(what, entry.names)
    except DeclarationError:
        said = " and ".join(getattr(one, "__name__", repr(one)) for one in what)
        methods = f'names = {{ forward = "…", backward = "…" }}, of its {", ".join(own)}'
        raise InputError(
            f"{entry.where}: it is not known how {said} is called, forward and backward; say it: "
            + (methods if own else 'layer = ["my_forward", "my_backward"]')
        ) from None


def _made_of(definitions: Definitions, entry: Entry) -> tuple[Any, ...]:
    names = entry.layer or (entry.name,)
    space = vars(definitions.module)
    if not all(name in space for name in names):
        return ()
    return tuple(space[name] for name in names)


def require_defined(
    spec: Mapping[str, Entry], defined: Collection[str], reports: Sequence[FileReport]
) -> None:
    """Raise ``InputError`` for a layer of a spec that no file has; ``defined`` are their names."""
    seen = {layer.name for report in reports for layer in report.layers}
    for entry in spec.values():
        if entry.name in seen:
            continue
        parts = entry.layer or (entry.name,)
        name = next((one for one in parts if one not in defined), parts[0])
        near = difflib.get_close_matches(name, sorted(defined), 1)
        raise InputError(
            f"{entry.where}: no file defines {name!r}"
            + (
                f"; is it {near[0]!r}?"
                if near
                else f"; they define {', '.join(defined) or 'nothing'}"
            )
        )
