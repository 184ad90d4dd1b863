"""``gradcheck scan``: the layers of a file, recognised and checked, without running the rest of it.

A gradient is right, wrong, undecided, or right up to a constant that may be a convention: that is
for a declaration to say, and is reported apart, as are side effects.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gradcheck.adapters.conventions import style_of
from gradcheck.adapters.definitions import Definitions, definitions_of
from gradcheck.adapters.layer_scan import scan_layer
from gradcheck.adapters.scan_report import (
    FileReport,
    LayerReport,
)
from gradcheck.adapters.sightings import Sighting, is_base, line_of, sightings
from gradcheck.adapters.spec import Entry
from gradcheck.adapters.style import parameters_of
from gradcheck.adapters.words import WORDS
from gradcheck.checking import Profile

PROFILE = Profile("scan", inputs=35, derandomized=True, database=False)


def scan(path: Path, spec: Mapping[str, Entry], profile: Profile = PROFILE) -> Iterator[Any]:
    """Check the layers of a file: yields a report of each layer, and last that of the file.

    Raises ``InputError`` for a file that cannot be read.
    """
    report = FileReport(str(path))
    with _quietly():
        definitions = definitions_of(path)
        report.left_out = [str(one) for one in definitions.left_out]
        report.defined = [n for n, one in definitions.namespace.items() if callable(one)]
        found = _with_spec(definitions, spec)
    for sighting, entry in found:
        with _quietly():
            layer = scan_layer(sighting, entry, definitions, profile, [one for one, _ in found])
        report.layers.append(layer)
        yield layer
    for layer in _lonely(definitions, report):
        report.layers.append(layer)
        yield layer
    yield report


def _lonely(definitions: Definitions, report: FileReport) -> Iterator[LayerReport]:
    """Functions and classes with one half of a layer, or two that do not fit together."""
    known = {layer.name for layer in report.layers}
    for name, value in definitions.namespace.items():
        if name in known or hasattr(value, "named_parameters"):
            continue  # modules of torch are differentiated by torch
        if inspect.isclass(value):
            reason = "" if is_base(value, definitions.namespace) else _half_of_class(value)
            if reason:
                yield LayerReport(
                    name, "class", line_of(value), reason=reason, spec=f"{name} = {{ … }}"
                )
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
    """What the code prints is not what the scan says, and nobody answers what it asks for."""
    kept, sys.stdin = sys.stdin, io.StringIO()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        sys.stdin = kept


def _with_spec(
    definitions: Definitions, spec: Mapping[str, Entry]
) -> list[tuple[Sighting, Entry | None]]:
    """The layers of a file, each with what the spec says of it."""
    found: list[tuple[Sighting, Entry | None]] = []
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
            code = getattr(what[-1], "__code__", None)
            line = code.co_firstlineno if code else 0
            style = style_of(what, spec[name].names)
            found.append((Sighting(name, what, style, line), spec[name]))
    return found


def _made_of(definitions: Definitions, entry: Entry) -> tuple[Any, ...]:
    names = entry.layer or (entry.name,)
    space = vars(definitions.module)
    if entry.layer and not all(name in space for name in names):
        return ()
    return tuple(space[name] for name in names if name in space)


def unknown_entries(spec: Mapping[str, Entry], reports: Sequence[FileReport]) -> list[str]:
    """The layers of a spec that no file has."""
    seen = {layer.name for report in reports for layer in report.layers}
    return [name for name in spec if name not in seen]
