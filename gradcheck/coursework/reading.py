"""A submission as a module: a file of Python code, or a notebook, as a student left it.

A file is run as it stands, as importing it would. Where that fails, and of a notebook always, its
definitions are taken and nothing else of it. This runs beside what a student wrote, never in the
grader.
"""

from __future__ import annotations

import ast
import codecs
import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from gradcheck.adapters.chunks import chunks, parsed
from gradcheck.adapters.definitions import definitions_of
from gradcheck.adapters.siblings import imported_file
from gradcheck.answers import last_line
from gradcheck.errors import InputError

#: The name under which a submission is imported.
MODULE = "submission"
_NOTEBOOK = ".ipynb"
#: So many remarks on what was left out are passed on.
_MOST_REMARKS = 5


class Unreadable(Exception):
    """Nothing could be taken from a submission, and why."""


@dataclass
class Submission:
    """The module that a submission is, and remarks on how it was read."""

    module: ModuleType
    notes: list[str] = field(default_factory=list)
    #: Why some of it was not run, of a file whose definitions alone were taken.
    why: str = ""
    #: Names that are missing, with the reason of each.
    missing: dict[str, str] = field(default_factory=dict)

    def explained(self, text: str) -> str:
        """What is said of a name that is not there, with what was not run where that is why."""
        reasons = [why for name, why in self.missing.items() if f"'{name}'" in text]
        why = "; ".join(reasons) or self.why
        return f"{text} ({why})" if why else text


def trees_of(path: Path) -> dict[Path, list[ast.Module]]:
    """What of a submission is Python, read and not run: its file, and those that it imports.

    Cells and statements that cannot be parsed are passed over, as they are where it is run.
    """
    found: dict[Path, list[ast.Module]] = {}
    left = [path]
    while left:
        one = left.pop()
        if one not in found:
            found[one] = list(_trees(one))
            left += [other for tree in found[one] for other in _imported(one, tree)]
    return found


def _trees(path: Path) -> Iterator[ast.Module]:
    with contextlib.suppress(InputError):
        for chunk in chunks(path):
            for part, tree in parsed(chunk):
                if isinstance(tree, ast.Module):
                    yield ast.increment_lineno(tree, part.line - 1)


def _imported(path: Path, tree: ast.Module) -> Iterator[Path]:
    """The files of a submission that one of them imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            single: list[ast.Import | ast.ImportFrom] = [ast.Import([one]) for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            single = [ast.ImportFrom(node.module, [one], node.level) for one in node.names]
        else:
            continue
        for one in single:
            file = imported_file(path, one)
            if file is not None:
                yield file


def read(path: Path) -> Submission:
    """Run the file at ``path``; raises ``Unreadable``."""
    if str(path.parent) not in sys.path:
        # Last, so that a numpy.py of the student's shadows nothing.
        sys.path.append(str(path.parent))
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}") from None
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Unreadable(f"{path.name} is text in UTF-16; save it as UTF-8")
    if path.suffix == _NOTEBOOK:
        return _definitions(path)
    module = ModuleType(MODULE)
    module.__file__ = str(path)
    sys.modules[MODULE] = module
    try:
        code = compile(raw, str(path), "exec", dont_inherit=True)
        exec(code, vars(module))
    except SystemExit:
        why = f"{path.name} ends the program while it is imported"
    except Exception as error:
        why = f"{path.name} cannot be imported: {_said(error, path)}"
    else:
        return Submission(module)
    try:
        return _definitions(path, why)
    except Unreadable:
        raise Unreadable(why) from None


def _definitions(path: Path, why: str = "") -> Submission:
    try:
        found = definitions_of(path)
    except InputError as error:
        raise Unreadable(str(error).replace(str(path), path.name)) from None
    if not found.namespace:
        raise Unreadable(f"{path.name} defines nothing")
    sys.modules[MODULE] = found.module
    left_out = [str(one) for one in found.left_out[:_MOST_REMARKS]]
    notes = [f"{why}; its definitions alone were taken"] if why else []
    return Submission(found.module, notes + left_out, why, found.missing)


def _said(error: BaseException, path: Path) -> str:
    line = getattr(error, "lineno", None)
    trace: Any = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    text = last_line(error)
    # A SyntaxError says it itself.
    return text if not line or f"line {line})" in text else f"{text} (line {line})"
