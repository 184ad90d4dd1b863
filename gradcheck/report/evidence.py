"""What is kept of a claim as plain data: where it comes from, and what a failure has shown."""

from __future__ import annotations

import contextlib
import inspect
import sys
import textwrap
from dataclasses import asdict
from typing import Any

from gradcheck.claims import Identity, Rule
from gradcheck.records import Failure
from gradcheck.report.narration import label
from gradcheck.report.reproducer import reproducer
from gradcheck.verdict import Entry, Verdict


def origin(claim: Rule | Identity) -> dict[str, Any]:
    """The text of a rule, what its author says of it, and of the function it is about."""
    source = about = ""
    with contextlib.suppress(OSError, TypeError):
        source = textwrap.dedent(inspect.getsource(inspect.unwrap(claim.function)))
    if isinstance(claim, Rule):
        about = inspect.getdoc(claim.derivation.function) or ""
    docstring = inspect.getdoc(claim.function) or ""
    if not docstring and not about:
        about = inspect.cleandoc(getattr(sys.modules.get(claim.module), "__doc__", "") or "")
    return {"source": source, "docstring": docstring, "about": about}


def shown_by(claim: Rule | Identity, shown: Verdict, met: Verdict | None, replay: str) -> Failure:
    """What the verdict on the smallest case has shown, and the one on the case that was met."""
    case = shown.case
    # Simple numbers, such as zeros, can be points at which no quotient is off at any step.
    curved = met if met is not None and met.quotients else shown
    return Failure(
        sizes=dict(shown.bindings),
        case=repr(case),
        entries=_entries(shown),
        met=_entries(met) if met is not None and len(met.entries) > len(shown.entries) else [],
        worst=_entry(shown, shown.worst) if shown.worst is not None else None,
        measured=_entry(curved, curved.worst) if curved.quotients and curved.worst else None,
        quotients=[list(pair) for pair in curved.quotients],
        chain=[list(pair) for pair in shown.chain],
        broken=shown.broken,
        replay=replay,
        reproducer=reproducer(claim, case) if case is not None else "",
    )


def _entries(verdict: Verdict) -> list[dict[str, Any]]:
    return [_entry(verdict, entry) for entry in verdict.entries]


def _entry(verdict: Verdict, entry: Entry) -> dict[str, Any]:
    places = {"index": list(entry.index), "output_index": list(entry.output_index)}
    return {**asdict(entry), **places, "label": label(verdict, entry)}
