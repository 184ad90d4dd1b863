"""One rule that a framework has, as a numpy function with its pull-back, and its own check."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck import Verdict, verify_vjp
from gradcheck.adapters.randomness import reproducible
from gradcheck.answers import last_line
from gradcheck.time_limit import TimeUp, limited

#: Seconds for one rule, in either checker.
TIME_LIMIT = 20
#: More entries than these make the slow checkers slow, and show nothing new.
MOST_ENTRIES = 400


@dataclass(frozen=True)
class Row:
    """A rule at one point: ``f`` and ``vjp`` of numpy arrays, and what its own checker does."""

    name: str
    inputs: Sequence[Any]
    f: Callable[..., Any]
    vjp: Callable[..., Any]
    #: Returns whether the framework's own checker accepts the rule; what it raises is an alarm.
    native: Callable[[], bool]


@dataclass(frozen=True)
class Answer:
    """What both said of one rule: a status in one word, and why where it is not a pass."""

    name: str
    ours: str
    native: str
    why: str = ""


def answer(row: Row) -> Answer:
    """Judge a rule in both ways."""
    with quietly():
        ours, why = _ours(row)
        return Answer(row.name, ours, _native(row), why)


def _ours(row: Row) -> tuple[str, str]:
    try:
        with limited(TIME_LIMIT):
            verdict: Verdict = verify_vjp(row.f, row.vjp, *row.inputs)
    except TimeUp:
        return "undecided", f"it does not end within {TIME_LIMIT} s"
    except Exception as error:
        return "raised", last_line(error)
    word = str(verdict.status)
    if word == "pass":
        return word, ""
    worst = verdict.worst
    seen = "" if worst is None else f"; claimed {worst.claimed:.6g}, measured {worst.measured:.6g}"
    return word, (verdict.title or verdict.reason) + seen


def _native(row: Row) -> str:
    try:
        with limited(TIME_LIMIT):
            return "accepted" if row.native() else "alarm"
    except (Exception, TimeUp):
        return "alarm"


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Without what rules warn of at hard inputs, and with the random state put back."""
    with (
        reproducible(),
        warnings.catch_warnings(action="ignore"),
        np.errstate(all="ignore"),
        contextlib.redirect_stderr(io.StringIO()),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        yield


def own(arrays: Sequence[Any]) -> list[Any]:
    """Copies that a rule may write to."""
    return [np.array(array) for array in arrays]
