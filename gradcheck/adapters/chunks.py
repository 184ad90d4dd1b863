"""The source of a Python file or a notebook, in pieces that can be parsed one by one."""

from __future__ import annotations

import ast
import codecs
import contextlib
import functools
import json
import linecache
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.adapters.sources import as_python_3
from gradcheck.answers import last_line
from gradcheck.errors import InputError

#: What stands for ``/`` in a source of Python 2.
DIVIDED = "__divided__"


def _divided(a: Any, b: Any) -> Any:
    """``a / b`` as in Python 2: of whole numbers, the whole number below."""
    whole = all(np.asarray(one).dtype.kind in "iu" for one in (a, b))
    return a // b if whole else a / b


#: What Python 2 had and Python 3 calls otherwise.
OF_PYTHON_2 = {
    "xrange": range, "unicode": str, "long": int, "basestring": str, "izip": zip, "imap": map,
    "reduce": functools.reduce, DIVIDED: _divided,
}  # fmt: skip
#: A line that is a command of the notebook, where a cell is no Python.
_COMMAND = re.compile(r"^([ \t]*)[%!?].*$", re.MULTILINE)
_TRUE_DIVISION = re.compile(r"^from __future__ import .*division", re.MULTILINE)


@dataclass(frozen=True)
class Chunk:
    """Some source: a whole file, or a cell of a notebook; ``file`` is what tracebacks call it."""

    text: str
    file: str
    line: int = 1


#: How a file in UTF-16 begins, which some shells and editors write.
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def chunks(path: Path) -> Iterator[Chunk]:
    """The source of a file; of a notebook, each cell of code.

    Raises ``InputError`` for what is neither, or cannot be read.
    """
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-16" if raw.startswith(_WIDE) else "utf-8-sig", errors="replace")
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


def _code_cells(path: Path, text: str) -> list[str]:
    """The source of each cell of code, with the notebook's own commands passed over.

    Notebooks of format 4 list their cells; those of formats 2 and 3 list worksheets of cells, whose
    code is called their input.
    """
    try:
        whole = json.loads(text)
        cells = whole.get("cells")
        if cells is None:
            cells = [cell for sheet in whole["worksheets"] for cell in sheet["cells"]]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        sources = ["".join(cell["source"] if "source" in cell else cell["input"]) for cell in code]
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a notebook: {last_line(error)}") from None
    except (KeyError, TypeError, AttributeError):
        raise InputError(f"{path} is not a notebook: it has no cells with source") from None
    return [_without_commands(source) for source in sources]


def _without_commands(code: str) -> str:
    """A cell with ``pass`` for each command; a line of Python may begin with ``%`` as well."""
    for text in (code, as_python_3(code)):
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            ast.parse(text)
            return code
    return _COMMAND.sub(r"\1pass", code)


def _cells(path: Path, text: str) -> Iterator[Chunk]:
    name, whole = str(path.absolute()), ""
    for code in _code_cells(path, text):
        # Every cell is given the lines before it, so that a line number means one place.
        line = whole.count("\n") + 1
        whole += f"{code}\n"
        linecache.cache[name] = (len(whole), None, whole.splitlines(keepends=True), name)
        yield Chunk(code, name, line)


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


def parsed(
    chunk: Chunk, *, old: bool = False, floors: bool = True
) -> Iterator[tuple[Chunk, ast.Module | Exception]]:
    """The source and its tree, cut in pieces where some of it is no Python; or what is wrong.

    A piece of an ``old`` source may be of Python 2, in which ``/`` of whole numbers ``floors``:
    where something in the file is written as in that, not where it merely is no Python.
    """
    now = as_python_3(chunk.text)
    if not old:
        floors = now != chunk.text
    floors = floors and _TRUE_DIVISION.search(chunk.text) is None
    problem: Exception = SyntaxError("nothing to parse")
    for text in (now, chunk.text) if old else (chunk.text, now):
        try:
            with warnings.catch_warnings(action="ignore"):  # of \d in a plain string
                tree = ast.parse(text)
            of_python_2 = old or text is not chunk.text
            yield chunk, _Divisions().visit(tree) if of_python_2 and floors else tree
            return
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            problem = error
    parts = list(split(chunk))
    if len(parts) > 1:
        for part in parts:
            yield from parsed(part, old=True, floors=floors)
    else:
        yield chunk, problem


class _Divisions(ast.NodeTransformer):
    """``a / b`` of Python 2, in which whole numbers give whole numbers."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """A call of what divides so."""
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        called = ast.Call(ast.Name(DIVIDED, ast.Load()), [node.left, node.right], [])
        return ast.fix_missing_locations(ast.copy_location(called, node))
