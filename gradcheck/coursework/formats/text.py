"""Text of submissions as every format may hold it, before the escapes of that format.

What a submission made up reaches names, reasons and output: half characters, control characters,
a gigabyte of one letter. Here it becomes text that XML, JSON and UTF-8 can hold and that no
terminal obeys; what is markup in one format alone is escaped where that is written.
"""

from __future__ import annotations

import re

from gradcheck.records import count
from gradcheck.report.figures import printable

#: Characters of one report, and of one name: more is cut, with a word of how much.
MOST_TEXT = 10_000
MOST_NAME = 200
#: Decimals of points at most: for people, a third is 0.33; for programs, 0.1 + 0.2 is 0.3.
_DECIMALS, _DECIMALS_OF_PROGRAMS = 2, 6
#: What neither UTF-8 nor XML can hold: halves of characters, and two that are none.
_IMPOSSIBLE = re.compile("[\ud800-\udfff\ufffe\uffff]")


def plain(text: str, most: int = MOST_TEXT) -> str:
    """``text``, at most ``most`` characters of it, with escapes for what cannot be shown."""
    kept = text[:most]
    if len(text) > most:
        kept += f"\n… and {count(len(text) - most, 'more character')}"
    return printable(_IMPOSSIBLE.sub(lambda found: f"\\u{ord(found.group()):04x}", kept))


def name(text: str, most: int = MOST_NAME) -> str:
    """``text`` on one line, at most ``most`` characters of it."""
    return plain(" ".join(text[:most].split()) + ("…" if len(text) > most else ""), most + 1)


def points(value: float) -> str:
    """Points in the fewest digits: ``2``, ``2.5``, ``0.33``."""
    return f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")


def rounded(value: float) -> float:
    """Points without the rounding of their sum."""
    return round(float(value), _DECIMALS_OF_PROGRAMS)
