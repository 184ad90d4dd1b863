"""One line on a terminal that says how far a long run is; gone when it is not needed."""

from __future__ import annotations

import os
import time
from typing import IO

from gradcheck.records import count
from gradcheck.report.figures import printable
from gradcheck.report.terminal import Screen

#: Seconds between two states of the line: no eye reads faster, and writing costs time.
_PAUSE = 0.1
_USUAL_WIDTH = 80


class Progress:
    """Which claim is checked, on how many of its inputs, and what failed so far.

    Silent where the stream is no terminal.
    """

    def __init__(self, stream: IO[str], claims: int, inputs: int) -> None:
        self.stream, self.claims, self.inputs = stream, claims, inputs
        self.screen = Screen.of(stream)
        self.live = stream.isatty() and os.environ.get("TERM") != "dumb"
        self.number, self.name = 0, ""
        self._written, self._columns = 0.0, 0
        self._bad = {"fail": 0, "error": 0, "undecided": 0}

    def start(self, name: str) -> None:
        """The next claim is checked."""
        self.number, self.name = self.number + 1, printable(name)
        self.judged(0)

    def judged(self, inputs: int) -> None:
        """So many inputs of it were judged."""
        now = time.monotonic()
        if not self.live or now - self._written < _PAUSE:
            return
        self._written = now
        columns = (self.screen.width or _USUAL_WIDTH) - 1
        line = self.screen.written(self._line(inputs))[:columns]
        # Blanks over what is longer, and no code of a terminal's: there are some that show them.
        self.stream.write(f"\r{line:<{self._columns}}")
        self.stream.flush()
        self._columns = len(line)

    def ended(self, status: str) -> None:
        """It came to this; the line is taken away, so that others can be written."""
        if status in self._bad:
            self._bad[status] += 1
        self.clear()

    def clear(self) -> None:
        """Take the line away."""
        if self._columns:
            self.stream.write(f"\r{'':<{self._columns}}\r")
            self.stream.flush()
            self._written, self._columns = 0.0, 0

    def _line(self, inputs: int) -> str:
        bad = [f"{number} {_PAST[status]}" for status, number in self._bad.items() if number]
        so_far = f", {', '.join(bad)} so far" if bad else ""
        of = f"{inputs} of {count(self.inputs, 'input')}"
        return f"[{self.number}/{self.claims}] {of}{so_far}: {self.name}"


_PAST = {"fail": "failed", "error": "in error", "undecided": "undecided"}
