"""A report on a terminal: in its colours, its characters and its width."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import IO

from gradcheck.report.figures import printable

#: Select Graphic Rendition codes.
_BOLD, _DIM, _RED, _GREEN, _YELLOW = 1, 2, 31, 32, 33
_COLOURS = {
    "PASS": _GREEN, "FAIL": _RED, "ERROR": _RED, "UNDECIDED": _YELLOW, "SCALED": _YELLOW,
    "UNREAD": _YELLOW,
}  # fmt: skip
#: The columns of the word that a claim's line begins with.
_WORD = 10
#: What is written where the encoding of a terminal lacks a character.
_STAND_INS = {
    "∂": "d", "±": "+-", "≠": "!=", "…": "...", "×": "x", "·": ".", "≤": "<=", "≥": ">=",
    "→": "->", "∇": "grad ", "ᵀ": "^T", "—": "-", "–": "-", "−": "-", "“": '"', "”": '"',
    "’": "'",
}  # fmt: skip
#: The lines of a report that are coloured, and how: see ``narrate`` for where they come from.
_HEADLINE = re.compile(r"^(\S.*: )((FAIL|UNDECIDED),.*)$")
_MARKED = re.compile(r"(?<=  )(-?[\d.]+(?:e[+-]\d+)?|-?inf|nan)\*(?= |$)")
_LISTED = re.compile(r"^(  \S.*?  +)(\S+)( \| \S+ ± .*)$")
_BROKEN = re.compile(r"^    ≠ .*$")
_COMMAND = re.compile(r"^  gradcheck (replay|check) .*$")


@dataclass(frozen=True)
class Screen:
    """What a stream is able to show; ``width`` is None where nobody sees its lines break."""

    colour: bool = False
    encoding: str | None = None
    width: int | None = None

    @classmethod
    def of(cls, stream: IO[str]) -> Screen:
        """That of a stream, unless the user wants it otherwise: NO_COLOR, FORCE_COLOR, COLUMNS."""
        return cls(_coloured(stream), getattr(stream, "encoding", None), width(stream))

    def show(self, text: str) -> str:
        """A report as it is to be written."""
        painted = "\n".join(map(_painted, text.split("\n"))) if self.colour else text
        return self.written(painted)

    def written(self, text: str) -> str:
        """``text`` in characters that the stream has."""
        try:
            text.encode(self.encoding or "utf-8")
        except LookupError:
            return text
        except UnicodeEncodeError as error:
            # The sign of a chain takes the blank before it, so that the lines stay aligned.
            text = re.sub(r"(?m)^(    )≠ ", "   != ", text) if "≠" in text else text
            table = {ord(c): s for c, s in _STAND_INS.items() if _lacks(error.encoding, c)}
            return text.translate(table)
        return text

    def line(self, word: str, text: str) -> str:
        """One line of progress: a word, in its colour, and what it is said of."""
        padded = f"{word:<{_WORD}}"
        if self.colour and word in _COLOURS:
            padded = padded.replace(word, _code(word, _COLOURS[word]))
        return f"{padded} {self.written(printable(text))}"


def width(stream: IO[str]) -> int | None:
    """The columns of a terminal; None for what is none, such as a file."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told) > 0:
        return int(told)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError, AttributeError):
        return None


def _coloured(stream: IO[str]) -> bool:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    # The old console of Windows shows the codes themselves.
    known = os.name != "nt" or "WT_SESSION" in os.environ
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and known)


def _lacks(encoding: str, character: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return True
    return False


def _painted(line: str) -> str:
    if found := _HEADLINE.match(line):
        claim, said, word = found.groups()
        return _code(claim, _BOLD) + _code(said, _BOLD, _COLOURS[word])
    if found := _LISTED.match(line):
        name, claimed, measured = found.groups()
        return name + _code(claimed, _RED) + measured
    if _BROKEN.match(line):
        return _code(line, _RED)
    if _COMMAND.match(line):
        return _code(line, _DIM)
    return _MARKED.sub(lambda number: _code(number.group(), _RED), line)


def _code(text: str, *codes: int) -> str:
    return f"\x1b[{';'.join(map(str, codes))}m{text}\x1b[0m"
