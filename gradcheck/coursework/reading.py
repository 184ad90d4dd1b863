"""A submission as a module: a file of Python code, or a notebook, as a student left it.

A file is run as it stands, as importing it would. Where that fails, and of a notebook always, its
definitions are taken and nothing else of it. This runs beside what a student wrote, never in the
grader.
"""

from __future__ import annotations

import codecs
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from gradcheck.adapters.definitions import definitions_of
from gradcheck.answers import last_line
from gradcheck.errors import InputError

#: The name under which a submission is imported.
MODULE = "submission"
_NOTEBOOK = ".ipynb"
#: Lines of a notebook that are commands of the notebook.
_MAGIC = re.compile(r"(?m)(?<=^)[ \t]*[%!?].*$")
#: So many remarks on what was left out are passed on.
_MOST_REMARKS = 5


class Unreadable(Exception):
    """Nothing could be taken from a submission, and why."""


@dataclass
class Submission:
    """The module that a submission is, and remarks on how it was read."""

    module: ModuleType
    notes: list[str] = field(default_factory=list)


def source_of(path: Path) -> str:
    """The Python source in a submission, read and not run; empty where there is none."""
    try:
        text = path.read_bytes().decode("utf-8", "replace")
        if path.suffix != _NOTEBOOK:
            return text
        cells = json.loads(text)["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell.get("cell_type") == "code"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
    return _MAGIC.sub("pass", "\n".join(code))


def read(path: Path) -> Submission:
    """Run the file at ``path``; raises ``Unreadable``."""
    if str(path.parent) not in sys.path:
        # Last, so that a numpy.py of the student's shadows nothing.
        sys.path.append(str(path.parent))
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}") from None
    if path.suffix == _NOTEBOOK:
        return _definitions(path, [])
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Unreadable(f"{path.name} is text in UTF-16; save it as UTF-8")
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
        return _definitions(path, [f"{why}; its definitions alone were taken"])
    except Unreadable:
        raise Unreadable(why) from None


def _definitions(path: Path, notes: list[str]) -> Submission:
    try:
        found = definitions_of(path)
    except InputError as error:
        raise Unreadable(str(error)) from None
    if not found.namespace:
        raise Unreadable(f"{path.name} defines nothing")
    sys.modules[MODULE] = found.module
    left_out = [str(one) for one in found.left_out[:_MOST_REMARKS]]
    return Submission(found.module, notes + left_out)


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
