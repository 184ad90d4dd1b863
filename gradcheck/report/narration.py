"""A verdict as plain text: what, where, at which inputs, and which entries are off.

It reads a verdict by the names of its fields alone, since a verdict is to tell itself by ``str``.
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.hints import Hints, columns, in_language, tell, wrapped
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
from gradcheck.report.phrases import headline, phrase

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
    hints = hints or Hints.of()
    say = functools.partial(phrase, language=hints.language)
    head = f"{printable(verdict.claim)}: "
    if verdict:
        kinks = say("on kinks", kinks=verdict.kinks) if verdict.kinks else ""
        head += say(
            "pass", resolution=verdict.resolution, evaluations=verdict.evaluations, kinks=kinks
        )
        seen = printable(in_language(verdict.reason, hints.language))
        head = f"{head}; {seen}" if seen else head
        if verdict.lost is None:
            return head
        note = say("note", note=say("loses", lost=verdict.lost.told.text.of(hints.language)))
        return "\n".join([head, *sentences(note, width)])
    if str(verdict.status) == "undecided":
        head += say("undecided")
    else:
        head += say("fail", title=headline(printable(verdict.title), hints.language))
    lines = [head]
    if verdict.file:
        lines.append(place(verdict.file, verdict.line))
    if verdict.reason:
        lines += ["", *sentences(in_language(verdict.reason, hints.language), width)]
    lines += _inputs(verdict, say)
    lines += _entries(verdict, width or WIDTH, hints.language)
    told = tell(verdict.mistakes, hints, width)
    lines += ["", *told] if told else []
    if verdict.notes:
        notes = [say("note", note=in_language(note, hints.language)) for note in verdict.notes]
        lines += ["", *(line for note in notes for line in sentences(note, width))]
    return "\n".join(lines)


def sentences(text: str, width: int | None) -> list[str]:
    """``text`` as lines of a report, broken where the screen ends."""
    lines = printable(text).splitlines()
    if width is None:
        return [f"  {line}" for line in lines]
    return [part for line in lines for part in _broken(line, width)]


def _broken(line: str, width: int) -> list[str]:
    if columns(line) > len(line):
        return wrapped(line, "  ", width)  # between wide characters a line may end anywhere
    return textwrap.wrap(
        line, width, initial_indent="  ", subsequent_indent="    ",
        break_long_words=False, break_on_hyphens=False,
    ) or [""]  # fmt: skip


def describe(verdict: Verdict, language: str = "en") -> str:
    """The worst entry of a verdict as a line: ``∂y[0]/∂z[1]: claimed 0.2 | measured …``."""
    entry = verdict.worst
    if entry is None:
        return ""
    return phrase(
        "worst", language,
        label=label(verdict, entry, language), claimed=number(entry.claimed),
        measured=measurement(entry.measured, entry.error),
    )  # fmt: skip


def label(verdict: Verdict, entry: Entry, language: str = "en") -> str:
    """What an entry is called: ``∂y[0]/∂z[1]``, ``db[0]`` for the answer of a vjp."""
    if verdict.kind == "identity":
        return subscript(f"{entry.output} = {entry.input}", entry.output_index)
    if entry.input == "direction":
        return phrase("along", language, entry=subscript(entry.output, entry.output_index))
    if verdict.kind == "vjp" and verdict.probe:
        return subscript(f"d{entry.input}", entry.index)
    if verdict.kind == "gradient":
        return f"∂{entry.output}/∂{subscript(entry.input, entry.index)}"
    return f"∂{subscript(entry.output, entry.output_index)}/∂{subscript(entry.input, entry.index)}"


def _inputs(verdict: Verdict, say: Callable[..., str]) -> list[str]:
    if verdict.case is None:
        return []
    lines = [""]
    if verdict.bindings:
        lines.append("  " + ", ".join(f"{n} = {size}" for n, size in verdict.bindings.items()))
    shown = [*verdict.case.inputs.items(), *verdict.probe]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        role = ""
        if any(name == given for given, _ in verdict.probe):
            role = say("the tangent" if verdict.kind == "jvp" else "the cotangent")
        lines += _written(f"  {name:<{width}} = ", value, role)
    return lines


def _written(prefix: str, value: Any, role: str) -> list[str]:
    first, *rest = written(value).splitlines()
    return [prefix + first + role, *(" " * len(prefix) + line for line in rest)]


def _entries(verdict: Verdict, width: int, language: str) -> list[str]:
    entries = [entry for entry in verdict.entries if entry.wrong]
    if not entries:
        return []
    if verdict.kind == "identity":
        return _equality(verdict, entries[0], language)
    titles = phrase("claimed", language), phrase("measured", language)
    if verdict.kind in MATRICES and (laid := matrix(verdict.entries, width, titles)) is not None:
        return ["", *laid, *_legend(verdict, entries, language)]
    rows = [
        (label(verdict, e, language), number(e.claimed), measurement(e.measured, e.error))
        for e in entries
    ]
    shown = rows[:_MOST_LISTED]
    name, claimed = (max(len(row[k]) for row in shown) for k in (0, 1))
    name = max(columns(row[0]) for row in shown)
    claimed = max(claimed, columns(titles[0]))
    lines = [
        "",
        f"  {'':<{name}}   {' ' * (claimed - columns(titles[0]))}{titles[0]} | {titles[1]}",
    ]
    lines += [f"  {a}{' ' * (name - columns(a))}   {b:>{claimed}} | {c}" for a, b, c in shown]
    right = len(verdict.entries) - len(entries)
    if len(rows) > len(shown):
        lines.append(phrase("more", language, count=len(rows) - len(shown)))
    if right:
        lines.append(phrase("others" if right > 1 else "other", language, count=right))
    return lines


def _legend(verdict: Verdict, wrong: list[Entry], language: str) -> list[str]:
    """What the mark in a matrix means, and how well its entries were measured."""
    every = len(wrong) == len(verdict.entries)
    count = phrase("every", language) if every else len(wrong)
    errors = [entry.error for entry in verdict.entries if np.isfinite(entry.error)]
    known = phrase("known", language, error=max(errors)) if errors else ""
    return [phrase("legend", language, count=count, all=len(verdict.entries), known=known)]


def _equality(verdict: Verdict, entry: Entry, language: str) -> list[str]:
    """The chain at the entry where it breaks, with the first ``=`` that does not hold."""
    chain = [(printable(text), value) for text, value in verdict.chain]
    width = max(len(text) for text, _ in chain)
    index = list(entry.output_index)
    at = phrase("at index", language, index=index) if index else ""
    lines = ["", phrase("chain", language, at=at)]
    for position, (text, value) in enumerate(chain):
        sign = " " if position == 0 else "≠" if position == verdict.broken + 1 else "="
        lines.append(f"    {sign} {text:<{width}}   {number_of(value)}")
    off = abs(entry.claimed - entry.measured)
    return [
        *lines,
        "",
        phrase("sides", language, off=off, error=entry.error),
    ]
