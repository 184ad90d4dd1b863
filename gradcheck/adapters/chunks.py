"""The source of a Python file or a notebook, in pieces that can be parsed one by one."""

from __future__ import annotations

import functools
import json
import linecache
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gradcheck.errors import InputError

#: What Python 2 had and Python 3 calls otherwise.
OF_PYTHON_2 = {
    "xrange": range, "unicode": str, "long": int, "basestring": str, "izip": zip, "imap": map,
    "reduce": functools.reduce,
}  # fmt: skip
#: What Python 2 wrote otherwise, and how it is written now.
_REWRITTEN = [
    (re.compile(pattern, re.MULTILINE), now)
    for pattern, now in (
        (r"^([ \t]*)print[ \t]+(?!\()(.*)$", r"\1print(\2)"),
        (r"^([ \t]*)print$", r"\1print()"),
        (r"^([ \t]*except[ \t]+[\w.]+)[ \t]*,[ \t]*(\w+)\s*:", r"\1 as \2:"),
        (r"^([ \t]*raise[ \t]+[\w.]+)[ \t]*,[ \t]*(.+)$", r"\1(\2)"),
        (r"\.iter(items|keys|values)\(", r".\1("),
    )
]
_MAGIC = re.compile(r"^\s*[%!?].*$", re.MULTILINE)


@dataclass(frozen=True)
class Chunk:
    """Some source: a whole file, or a cell of a notebook; ``file`` is what tracebacks call it."""

    text: str
    file: str
    line: int = 1


def chunks(path: Path) -> Iterator[Chunk]:
    """The source of a file; of a notebook, each cell of code.

    Raises ``InputError`` for what is neither, or cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    if path.suffix == ".ipynb":
        yield from _cells(path, text)
        return
    if path.suffix != ".py":
        raise InputError(f"{path}: a Python file or a notebook (.ipynb) was expected")
    text = text.replace("\r\n", "\n").replace("\t", "    ") if "\t" in text else text
    name = str(path.absolute())
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    yield Chunk(text, name)


def _cells(path: Path, text: str) -> Iterator[Chunk]:
    try:
        cells = json.loads(text)["cells"]
        sources = [c["source"] for c in cells if c["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path} is not a notebook that can be read") from None
    line = 1
    for source in sources:
        code = _MAGIC.sub("pass", "".join(source))
        if not code.lstrip().startswith("%%"):
            # Every cell is given the lines before it, so that a line number means one place.
            name = str(path.absolute())
            padded = "\n" * (line - 1) + code
            before = "".join(linecache.cache[name][2]) if name in linecache.cache else ""  # type: ignore[misc]
            whole = (before if line > 1 else "") + code + "\n"
            linecache.cache[name] = (len(padded), None, whole.splitlines(keepends=True), name)
            yield Chunk(code, name, line)
            line += code.count("\n") + 1


def split(chunk: Chunk) -> Iterator[Chunk]:
    """The top-level statements of a source that cannot be parsed as a whole."""
    lines = chunk.text.splitlines()
    starts = [
        k
        for k, line in enumerate(lines)
        if line
        and not line[0].isspace()
        and not line.startswith((")", "]", "}", "#", "else", "el"))
        and not line.startswith(("except", "finally"))
    ]
    for k, start in enumerate(starts):
        end = starts[k + 1] if k + 1 < len(starts) else len(lines)
        yield Chunk("\n".join(lines[start:end]) + "\n", chunk.file, chunk.line + start)


def as_python_3(text: str) -> str:
    """A source with what Python 2 wrote otherwise as it is written now."""
    for pattern, now in _REWRITTEN:
        text = pattern.sub(now, text)
    return text
