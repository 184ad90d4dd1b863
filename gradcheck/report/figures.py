"""Numbers, names and places as a reader gets them, and text that no terminal can trip over."""

from __future__ import annotations

import contextlib
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Arrays of at most so many entries, on at most so many lines, are written out.
_MOST_WRITTEN = 64
_MOST_LINES = 12
#: Whole numbers up to this are written without an exponent.
_MOST_DIGITS = 1e15
#: What a terminal would obey rather than show: control characters but for tab and line feed, and
#: those that turn the direction of writing around.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""``text`` with what a terminal would obey written as an escape: ``\x1b``, ``\u202e``."""
    return _OBEYED.sub(_escaped, text.replace("\r\n", "\n"))


def one_line(name: str) -> str:
    """A name that is to stand in a line, whatever its author called it."""
    return printable(name).replace("\n", "\\n").replace("\t", "\\t")


def _escaped(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode("ascii")


def place(file: str, line: int) -> str:
    """A file and line, as seen from the current folder where it is below it."""
    return printable(f"{relative(file)}:{line}")


def relative(file: str) -> str:
    """A file as seen from the current folder where it is below it."""
    path = Path(file)
    with contextlib.suppress(OSError, ValueError):
        path = path.relative_to(Path.cwd())
    return path.as_posix()


def subscript(name: str, index: tuple[int, ...]) -> str:
    """``W[0, 1]``; the bare name for a scalar."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def shortest(value: Any) -> str:
    """A number in the fewest digits that give it back; integers without a point."""
    whole = abs(value) < _MOST_DIGITS and value == int(value)
    return str(int(value)) if whole else repr(float(value))


def number(value: float) -> str:
    """A number in at most eight significant digits."""
    return f"{value:.8g}"


def number_of(value: float) -> str:
    """A number in at most twelve significant digits."""
    return shortest(float(f"{value:.12g}"))


def measurement(value: float, error: float) -> str:
    """A measured value in the digits that its error leaves, and the error."""
    if not math.isfinite(error):
        return f"{value:.2g} ± unknown"
    if error <= 0 or not math.isfinite(value):
        return f"{value:.8g} ± {max(error, 0):.0g}"
    digits = 8 if value == 0 else int(np.clip(np.log10(abs(value) / error) + 1, 1, 10))
    return f"{value:.{digits}g} ± {error:.0e}"


def percentage(share: float) -> str:
    """A relative discrepancy in percent."""
    return f"{100 * share:.3g} %" if math.isfinite(share) else "no bound"


def written(value: Any) -> str:
    """An input's value: a literal where it is small, else its shape."""
    if isinstance(value, list):
        return "[" + ", ".join(_array(np.asarray(part)) for part in value) + "]"
    if isinstance(value, np.ndarray | np.generic | int | float):
        return _array(np.asarray(value))
    return printable(repr(value))


def _array(array: NDArray[Any]) -> str:
    if array.size == 0:
        return f"an empty array of shape {array.shape}"
    if array.size > _MOST_WRITTEN:
        return f"an array of shape {array.shape}"
    lines = whole(array).splitlines()
    return "\n".join(lines) if len(lines) <= _MOST_LINES else f"an array of shape {array.shape}"


def whole(array: NDArray[Any]) -> str:
    """Every number of an array, each in the fewest digits, a row a line."""
    text = np.array2string(
        array,
        separator=", ",
        formatter={"float_kind": shortest},
        max_line_width=96,
        threshold=array.size + 1,  # the user's print options must not shorten it
    )
    return "\n".join(line for line in text.splitlines() if line.strip())  # numpy sets rows apart
