"""A verdict as plain text: what, where, at which inputs, and which entries are off.

It reads a verdict by the names of its fields alone, since a verdict is to tell itself by ``str``.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.hints import Hints, tell
from gradcheck.report.figures import (
    measurement,
    number,
    number_of,
    place,
    printable,
    subscript,
    written,
)
from gradcheck.report.matrix import MATRICES, matrix

if TYPE_CHECKING:
    from gradcheck.verdict import Entry, Verdict

#: The columns that a report has where nothing is known of its reader's screen.
WIDTH = 88
#: At most so many entries are listed.
_MOST_LISTED = 12


def narrate(verdict: Verdict, hints: Hints | None = None, *, width: int | None = None) -> str:
    """The report on one verdict.

    ``hints`` say how much of the mistake is told, and in which language.
    ``width`` is that of the screen: matrices are laid out in it and sentences broken. Without it,
    sentences are lines.
    """
    head = f"{printable(verdict.claim)}: "
    if verdict:
        kinks = f", {verdict.kinks} on kinks" if verdict.kinks else ""
        return (
            f"{head}pass (resolution {verdict.resolution:.0e}, {verdict.evaluations} "
            f"evaluations{kinks})"
        )
    if str(verdict.status) == "undecided":
        head += "UNDECIDED, not accused"
    else:
        head += f"FAIL, {printable(verdict.title) or 'wrong value'}"
    lines = [head]
    if verdict.file:
        lines.append(place(verdict.file, verdict.line))
    if verdict.reason:
        lines += ["", *sentences(verdict.reason, width)]
    lines += _inputs(verdict)
    lines += _entries(verdict, width or WIDTH)
    told = tell(verdict.mistakes, hints or Hints.of())
    lines += ["", *told] if told else []
    if verdict.notes:
        lines += ["", *(line for n in verdict.notes for line in sentences(f"note: {n}", width))]
    return "\n".join(lines)


def sentences(text: str, width: int | None) -> list[str]:
    """``text`` as lines of a report, broken where the screen ends."""
    lines = printable(text).splitlines()
    if width is None:
        return [f"  {line}" for line in lines]
    return [
        part
        for line in lines
        for part in textwrap.wrap(
            line, width, initial_indent="  ", subsequent_indent="    ",
            break_long_words=False, break_on_hyphens=False,
        ) or [""]
    ]  # fmt: skip


def describe(verdict: Verdict) -> str:
    """The worst entry of a verdict as a line: ``∂y[0]/∂z[1]: claimed 0.2 | measured …``."""
    entry = verdict.worst
    if entry is None:
        return ""
    return (
        f"{label(verdict, entry)}: claimed {number(entry.claimed)} | "
        f"measured {measurement(entry.measured, entry.error)}"
    )


def label(verdict: Verdict, entry: Entry) -> str:
    """What an entry is called: ``∂y[0]/∂z[1]``, ``db[0]`` for the answer of a vjp."""
    if verdict.kind == "identity":
        return subscript(f"{entry.output} = {entry.input}", entry.output_index)
    if entry.input == "direction":
        return f"{subscript(entry.output, entry.output_index)} along it"
    if verdict.kind == "vjp" and verdict.probe:
        return subscript(f"d{entry.input}", entry.index)
    if verdict.kind == "gradient":
        return f"∂{entry.output}/∂{subscript(entry.input, entry.index)}"
    return f"∂{subscript(entry.output, entry.output_index)}/∂{subscript(entry.input, entry.index)}"


def _inputs(verdict: Verdict) -> list[str]:
    if verdict.case is None:
        return []
    lines = [""]
    if verdict.bindings:
        lines.append("  " + ", ".join(f"{n} = {size}" for n, size in verdict.bindings.items()))
    shown = [*verdict.case.inputs.items(), *verdict.probe]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        role = "   (the cotangent)" if any(name == given for given, _ in verdict.probe) else ""
        if verdict.kind == "jvp" and role:
            role = "   (the tangent)"
        lines += _written(f"  {name:<{width}} = ", value, role)
    return lines


def _written(prefix: str, value: Any, role: str) -> list[str]:
    first, *rest = written(value).splitlines()
    return [prefix + first + role, *(" " * len(prefix) + line for line in rest)]


def _entries(verdict: Verdict, width: int) -> list[str]:
    entries = [entry for entry in verdict.entries if entry.wrong]
    if not entries:
        return []
    if verdict.kind == "identity":
        return _equality(verdict, entries[0])
    if verdict.kind in MATRICES and (laid := matrix(verdict.entries, width)) is not None:
        return ["", *laid, *_legend(verdict, entries)]
    rows = [
        (label(verdict, e), number(e.claimed), measurement(e.measured, e.error)) for e in entries
    ]
    shown = rows[:_MOST_LISTED]
    name, claimed = (max(len(row[k]) for row in shown) for k in (0, 1))
    claimed = max(claimed, len("claimed"))
    lines = ["", f"  {'':<{name}}   {'claimed':>{claimed}} | measured"]
    lines += [f"  {a:<{name}}   {b:>{claimed}} | {c}" for a, b, c in shown]
    right = len(verdict.entries) - len(entries)
    if len(rows) > len(shown):
        lines.append(f"  … and {len(rows) - len(shown)} more")
    if right:
        lines.append(
            f"  the other {right} entries shown by this case are right"
            if right > 1
            else "  the other entry is right"
        )
    return lines


def _legend(verdict: Verdict, wrong: list[Entry]) -> list[str]:
    """What the mark in a matrix means, and how well its entries were measured."""
    count = "all" if len(wrong) == len(verdict.entries) else len(wrong)
    errors = [entry.error for entry in verdict.entries if np.isfinite(entry.error)]
    known = f", measured to ± {max(errors):.0e} or better" if errors else ""
    return [f"  * wrong: {count} of {len(verdict.entries)} entries{known}"]


def _equality(verdict: Verdict, entry: Entry) -> list[str]:
    """The chain at the entry where it breaks, with the first ``=`` that does not hold."""
    chain = [(printable(text), value) for text, value in verdict.chain]
    width = max(len(text) for text, _ in chain)
    at = f", at index {list(entry.output_index)}" if entry.output_index else ""
    lines = ["", f"  the chain{at}:"]
    for position, (text, value) in enumerate(chain):
        sign = " " if position == 0 else "≠" if position == verdict.broken + 1 else "="
        lines.append(f"    {sign} {text:<{width}}   {number_of(value)}")
    off = abs(entry.claimed - entry.measured)
    return [
        *lines,
        "",
        f"  the two sides of ≠ differ by {off:.2g}; rounding explains at most {entry.error:.0e}",
    ]
