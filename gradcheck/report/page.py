"""One page with all that a run has found; it needs no network, and runs without its script."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any

from gradcheck.hints import LANGUAGES
from gradcheck.records import Problem, Record, remarks, summary
from gradcheck.report.curve import Curve, curve_svg
from gradcheck.report.figures import (
    measurement,
    number,
    number_of,
    percentage,
    relative,
)
from gradcheck.report.formula import described, has_formula
from gradcheck.report.grid import grids
from gradcheck.report.heatmap import heatmaps
from gradcheck.report.phrases import headline, on_page, phrase
from gradcheck.report.template import rendered, write_text
from gradcheck.verdict import Entry

#: At most so many wrong entries are listed.
_MOST_LISTED = 64
#: The order of an overview: what needs to be looked at first.
_ORDER = ("error", "fail", "undecided", "pass")
_WORDS = {"error": "error", "fail": "failed", "undecided": "undecided", "pass": "passed"}
#: What is not said of a mistake.
_NO_MISTAKE = dict.fromkeys(
    ("id", "title", "explained", "explanation", "others", "remedy", "edit"), ""
)
#: Begins the part of a report that the page shows in a place of its own.
_SCRIPT = tuple(f"\n\n{phrase('script', language)}" for language in LANGUAGES)


def write_page(
    path: Path, records: Sequence[Record], problems: Sequence[Problem], language: str = "en"
) -> None:
    """Write the page as UTF-8."""
    write_text(path, page(records, problems, language))


def page(records: Sequence[Record], problems: Sequence[Problem], language: str = "en") -> str:
    """The page as HTML, its headings in the language of the hints in the records."""
    sections = [_Section(record, language) for record in records]
    sections += [_Section.of_problem(problem, language) for problem in problems]
    sections.sort(key=lambda section: _ORDER.index(section.status))
    for position, section in enumerate(sections):
        section.anchor = f"claim-{position + 1}"
    counts = {s: sum(one.status == s for one in sections) for s in _ORDER}
    return rendered(
        "gradcheck.report",
        "page.html",
        sections=sections,
        counts={status: n for status, n in counts.items() if n},
        words=_WORDS,
        summary=summary(list(records), language),
        language="zh-CN" if language == "zh" else language,
        say=functools.partial(on_page, language),
    )


class _Section:
    """One claim as the template asks for it."""

    anchor = ""

    def __init__(self, record: Record, language: str, status: str | None = None) -> None:
        self.record, self.language = record, language
        self.title = headline(record.title, language) if record.title else ""
        self.status = status or record.status
        self.claim = record.claim
        self.place = f"{relative(record.file)}:{record.line}"
        self.aside = sum(record.set_aside.values())
        self.remarks = remarks(record, language)
        self.report = record.message
        for script in _SCRIPT:
            self.report = self.report.partition(script)[0]
        self.failure = record.failure

    @classmethod
    def of_problem(cls, problem: Problem, language: str) -> _Section:
        record = Record(problem.claim, "", "", problem.file, problem.line, message=problem.message)
        return cls(record, language, "error")

    @property
    def resolution(self) -> str:
        value = self.record.resolution
        return "" if value is None else f"{value:.0e}"

    @property
    def largest(self) -> str:
        value = self.record.largest_discrepancy
        return "" if value is None else percentage(value)

    @property
    def docstrings(self) -> list[Any]:
        """What the authors say: of the rule, and of the function where the rule has no formula."""
        from markupsafe import Markup

        own, about = self.record.docstring, self.record.about
        chosen = [own] if has_formula(own) else [own, about]
        # Escaped part by part where it was made.
        return [Markup(described(text)) for text in chosen if text]

    @property
    def source(self) -> list[tuple[int, str]]:
        """The rule's lines with their numbers."""
        lines = self.record.source.splitlines()
        return [(self.record.line + k, line) for k, line in enumerate(lines)]

    @property
    def mistakes(self) -> list[dict[str, Any]]:
        """What the failure looks like, with every field that the page may show."""
        return [{**_NO_MISTAKE, **mistake} for mistake in self.record.mistakes]

    @cached_property
    def entries(self) -> list[tuple[str, str, str, str]]:
        """The wrong entries: name, claimed, measured, discrepancy."""
        if self.failure is None or self.record.kind == "identity":
            return []
        found = [(d["label"], _entry(d)) for d in self.failure.entries]
        return [
            (
                label,
                number(entry.claimed),
                measurement(entry.measured, entry.error),
                percentage(entry.discrepancy),
            )
            for label, entry in found
            if entry.wrong
        ][:_MOST_LISTED]

    @property
    def maps(self) -> list[tuple[str, list[Any], str]]:
        """Heat maps of the smallest case, and of the one at which the failure was met.

        A title, the maps of what is wrong, and the names of what is right.
        """
        from markupsafe import Markup

        if self.failure is None:
            return []
        found = []
        for title, entries in (
            ("At the smallest inputs", self.failure.entries),
            ("At the inputs where it was met", self.failure.met),
        ):
            every = grids(self.record.kind, [_entry(one) for one in entries])
            drawn = [Markup(heatmaps(grid, self.language)) for grid in every if grid.wrong.any()]
            right = [grid.title for grid in every if not grid.wrong.any()]
            if drawn:
                found.append((on_page(self.language, title), drawn, ", ".join(right)))
        return found

    @cached_property
    def curve(self) -> Curve | None:
        """The distance over the step; None where there is none."""
        if self.failure is None or self.failure.measured is None:
            return None
        entry = _entry(self.failure.measured)
        return Curve.of(self.failure.quotients, entry.claimed, entry.measured, entry.error)

    @property
    def curve_drawn(self) -> Any:
        from markupsafe import Markup

        assert self.curve is not None
        return Markup(curve_svg(self.curve, self.curve_name, self.language))

    @property
    def curve_name(self) -> str:
        assert self.failure is not None
        assert self.failure.measured is not None
        return self.failure.measured["label"]

    @property
    def chain(self) -> list[tuple[str, str, str]]:
        """The expressions of a chain: sign, text, value."""
        if self.failure is None:
            return []
        signs = [
            "≠" if k == self.failure.broken + 1 else "=" for k in range(len(self.failure.chain))
        ]
        return [
            ("" if k == 0 else signs[k], text, number_of(value))
            for k, (text, value) in enumerate(self.failure.chain)
        ]


def _entry(data: dict[str, Any]) -> Entry:
    names = {field.name for field in fields(Entry)}
    known = {name: value for name, value in data.items() if name in names}
    for name in ("index", "output_index"):
        known[name] = tuple(known[name])
    return Entry(**known)
